import { expect, test } from 'vitest';
import { RECEIVING_CHARACTERS, SECTION_CHARACTERS, SectionPlan } from './section-plan.js';

test('an empty room begins with one section of each kind', () => {
  expect(new SectionPlan().begin({ audio: 0, video: 0 })).toEqual({ audio: 1, video: 1 });
});

test('a full room begins with what its participants publish', () => {
  expect(new SectionPlan().begin({ audio: 7, video: 9 })).toEqual({ audio: 7, video: 9 });
});

test('one missing section is answered by two, later ones by more', () => {
  const plan = new SectionPlan();
  plan.begin({ audio: 1, video: 1 });
  plan.sent()();
  expect(plan.grow({ audio: 0, video: 1 })).toEqual({ audio: 0, video: 2 });
  plan.sent()();
  for (let joins = 0; joins < 3; joins++) {
    plan.grow({ audio: 0, video: 1 });
    plan.sent()();
  }
  expect(plan.total.video).toBeGreaterThanOrEqual(9);
});

test('25 people who join one by one cost few renegotiations', () => {
  const plan = new SectionPlan();
  plan.begin({ audio: 0, video: 0 });
  plan.sent()();
  let offers = 0;
  for (let people = 1; people <= 25; people++) {
    const missing = Math.max(0, people - plan.total.video);
    if (missing > 0) {
      plan.grow({ audio: missing, video: missing });
      plan.sent()();
      offers++;
    }
  }
  expect(offers).toBeLessThanOrEqual(6);
});

test('a shortage that is already being mended is not mended twice', () => {
  const plan = new SectionPlan();
  plan.begin({ audio: 1, video: 1 });
  plan.sent()();
  expect(plan.grow({ audio: 0, video: 2 }).video).toBe(2);
  const answered = plan.sent();
  expect(plan.grow({ audio: 0, video: 2 }).video).toBe(0);
  expect(plan.grow({ audio: 0, video: 3 }).video).toBe(3);
  answered();
  expect(plan.grow({ audio: 0, video: 4 }).video).toBeGreaterThanOrEqual(1);
});

test('offers stay within what the server reads, and both kinds get their share', () => {
  const plan = new SectionPlan();
  plan.begin({ audio: 1, video: 1 });
  plan.sent()();
  plan.grow({ audio: 1e9, video: 1e9 });
  const { audio, video } = plan.total;
  expect(audio * SECTION_CHARACTERS.audio + video * SECTION_CHARACTERS.video).toBeLessThanOrEqual(RECEIVING_CHARACTERS);
  expect(video).toBeGreaterThanOrEqual(30);
  expect(audio).toBeGreaterThanOrEqual(video);
  expect(plan.grow({ audio: Number.NaN, video: -4 })).toEqual({ audio: 0, video: 0 });
});

test('what was left out at first is completed once, whatever else grew meanwhile', () => {
  const plan = new SectionPlan({ audio: 8, video: 10 });
  plan.begin({ audio: 6, video: 6 });
  plan.sent()();
  plan.grow({ audio: 0, video: 1 });
  expect(plan.complete({ audio: 6, video: 10 })).toEqual({ audio: 0, video: 0 });
  const small = new SectionPlan({ audio: 8, video: 10 });
  small.begin({ audio: 6, video: 6 });
  expect(small.complete({ audio: 6, video: 10 })).toEqual({ audio: 0, video: 4 });
  expect(small.complete({ audio: 6, video: 10 })).toEqual({ audio: 0, video: 0 });
});
