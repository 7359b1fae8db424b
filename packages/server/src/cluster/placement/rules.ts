/**
 * Placement by rules, one a line:
 *
 *     deny  CONDITION               the node is not considered
 *     prefer CONDITION [by NUMBER]  it comes before others, by 1 unless another number is given
 *     avoid CONDITION [by NUMBER]   it comes after others
 *     score NUMBER                  is added; the node with the least is taken
 */
import type { Demand, Foreseen, PlacementNode } from './demand.js';
import { ExpressionError, ExpressionReader, type Vocabulary } from './expression.js';

export interface RuleFacts {
  node: PlacementNode;
  foreseen: Foreseen;
  demand: Demand;
}

export interface RuleSet {
  /** The less the better; infinite: denied. */
  score(facts: RuleFacts): number;
}

const MAX_RULES = 32;
const MOST = 1e9;

const VOCABULARY: Vocabulary<RuleFacts> = {
  'node.cpu': { type: 'number', read: ({ foreseen }) => foreseen.cpu },
  'node.loop': { type: 'number', read: ({ node }) => node.load?.loop ?? 0 },
  'node.sendBps': { type: 'number', read: ({ foreseen }) => foreseen.sendBps },
  'node.receiveBps': { type: 'number', read: ({ node }) => node.load?.receiveBps ?? 0 },
  'node.streams': { type: 'number', read: ({ foreseen }) => foreseen.streams },
  'node.viewers': { type: 'number', read: ({ foreseen }) => foreseen.viewers },
  'node.participants': { type: 'number', read: ({ foreseen }) => foreseen.participants },
  'node.rooms': { type: 'number', read: ({ node }) => node.load?.rooms ?? 0 },
  'node.workers': { type: 'number', read: ({ node }) => node.workers.length },
  'node.sendShare': { type: 'number', read: ({ foreseen }) => foreseen.sendShare },
  'node.streamShare': { type: 'number', read: ({ foreseen }) => foreseen.streamShare },
  'node.viewerShare': { type: 'number', read: ({ foreseen }) => foreseen.viewerShare },
  'node.region': { type: 'string', read: ({ node }) => node.region ?? '' },
  'node.id': { type: 'string', read: ({ node }) => node.id },
  'node.carries': { type: 'boolean', read: ({ node, demand }) => demand.carriers.has(node.id) },
  'room.kind': { type: 'string', read: ({ demand }) => demand.kind },
  'room.streams': { type: 'number', read: ({ demand }) => demand.roomStreams },
  'client.role': { type: 'string', read: ({ demand }) => demand.role },
  'client.region': { type: 'string', read: ({ demand }) => demand.region ?? '' },
  'client.streams': { type: 'number', read: ({ demand }) => demand.streams },
};

type Rule =
  | { deny: (facts: RuleFacts) => boolean }
  | { when: (facts: RuleFacts) => boolean; by: (facts: RuleFacts) => number; sign: 1 | -1 }
  | { score: (facts: RuleFacts) => number };

/** Throws `ExpressionError` with the rule that is wrong. */
export function compileRules(lines: readonly string[]): RuleSet {
  if (lines.length > MAX_RULES) throw new ExpressionError(`are ${MAX_RULES} at most`);
  const rules = lines.map((line) => {
    try {
      return compile(line);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new ExpressionError(`have a rule that ${error.message}: ${line.slice(0, 100)}`);
    }
  });
  return {
    score(facts) {
      let sum = 0;
      for (const rule of rules) {
        if ('deny' in rule) {
          if (rule.deny(facts)) return Number.POSITIVE_INFINITY;
        } else if ('score' in rule) sum += bounded(rule.score(facts));
        else if (rule.when(facts)) sum += rule.sign * bounded(rule.by(facts));
      }
      return sum;
    },
  };
}

/** Rules as one text: lines, or separated by semicolons. */
export function splitRules(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function compile(line: string): Rule {
  const reader = new ExpressionReader(line, VOCABULARY);
  const rule = begin(reader);
  reader.end();
  return rule;
}

function begin(reader: ExpressionReader<RuleFacts>): Rule {
  if (reader.word('deny')) return { deny: reader.boolean() };
  if (reader.word('score')) return { score: reader.number() };
  const sign = reader.word('prefer') ? -1 : reader.word('avoid') ? 1 : null;
  if (sign === null) throw new ExpressionError('begins with none of deny, prefer, avoid, score');
  const when = reader.boolean();
  return { when, sign, by: reader.word('by') ? reader.number() : () => 1 };
}

function bounded(value: number): number {
  return Number.isFinite(value) ? Math.max(-MOST, Math.min(MOST, value)) : 0;
}
