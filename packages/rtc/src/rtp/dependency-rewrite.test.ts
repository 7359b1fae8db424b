import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renumberDependencyDescriptor, writeActiveTargets } from './dependency-rewrite.js';
import { type FrameFields, l1t3, makeDescriptor } from './dependency-testing.js';
import { DependencyReader, FrameDependencies } from './frame-dependencies.js';

const KEY: FrameFields = { template: 0, frame: 1, structure: l1t3() };

/** Reads `bytes` after a key frame. */
function readAfterKey(bytes: Uint8Array): FrameDependencies {
  const reader = new DependencyReader();
  const out = new FrameDependencies();
  const key = makeDescriptor(KEY);
  reader.read(key, 0, key.length, out);
  expect(reader.read(bytes, 0, bytes.length, out)).toBe('read');
  return out;
}

function withTargets(bytes: Uint8Array, mask: number): Uint8Array {
  const dst = new Uint8Array(bytes.length + 8).fill(0xee);
  const length = writeActiveTargets(bytes, 0, bytes.length, readAfterKey(bytes), mask, dst, 1, dst.length - 1);
  expect(length).toBeGreaterThan(0);
  return dst.slice(1, 1 + length);
}

test('active decode targets are told in a descriptor of three bytes', () => {
  const after = withTargets(makeDescriptor({ template: 2, frame: 9 }), 0b011);
  expect(after).toEqual(makeDescriptor({ template: 2, frame: 9, active: 0b011, targets: 3 }));
});

test('whatever else a descriptor has stays, wherever the targets have to go', () => {
  fc.assert(
    fc.property(
      fc.record({
        template: fc.nat(4),
        frame: fc.nat(0xffff),
        start: fc.boolean(),
        end: fc.boolean(),
        structure: fc.option(fc.constant(l1t3()), { nil: undefined }),
        active: fc.option(fc.nat(7), { nil: undefined }),
        targets: fc.constant(3),
        indications: fc.option(fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }), { nil: undefined }),
        diffs: fc.option(fc.array(fc.integer({ min: 1, max: 4096 }), { maxLength: 8 }), { nil: undefined }),
        chains: fc.option(fc.array(fc.nat(255), { minLength: 1, maxLength: 1 }), { nil: undefined }),
      }),
      fc.nat(7),
      (fields, mask) => {
        expect(withTargets(makeDescriptor(fields), mask)).toEqual(makeDescriptor({ ...fields, active: mask }));
      },
    ),
    { numRuns: 500, seed: 5 },
  );
});

test('without room nothing is told', () => {
  const bytes = makeDescriptor({ template: 2, frame: 9 });
  expect(writeActiveTargets(bytes, 0, 3, readAfterKey(bytes), 1, new Uint8Array(8), 0, 3)).toBe(0);
  expect(writeActiveTargets(bytes, 0, 3, readAfterKey(bytes), 1, new Uint8Array(3), 0, 9)).toBe(0);
});

test('frame number and template ids are moved in place', () => {
  const bytes = makeDescriptor({ template: 3, frame: 0xfffe, start: false, diffs: [3] });
  renumberDependencyDescriptor(bytes, 0, bytes.length, 0x1234, 62);
  expect(bytes).toEqual(makeDescriptor({ template: 1, frame: 0x1234, start: false, diffs: [3] }));
});

test('a structure’s offset moves along with the ids', () => {
  for (const shift of [0, 1, 7, 8, 40, 63]) {
    const bytes = makeDescriptor({ ...KEY, template: 12, structure: l1t3(10), active: 5 });
    renumberDependencyDescriptor(bytes, 0, bytes.length, 500, shift);
    const id = (12 + shift) & 63;
    expect(bytes).toEqual(
      makeDescriptor({ ...KEY, template: id, frame: 500, structure: l1t3((10 + shift) & 63), active: 5 }),
    );
  }
});
