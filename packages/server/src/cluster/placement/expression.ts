/**
 * The expressions of placement rules: numbers, strings and truth, with types checked when they are read. They are compiled
 * to closures over the facts they are given; nothing of JavaScript is reachable from them.
 *
 *     or and not   == != < <= > >=   + - * /   min(a, b) max(a, b)   1.5k 10M 2G "text" true false   node.viewers
 */

export type Fact = number | string | boolean;
type Type = 'number' | 'string' | 'boolean';
type Evaluate<F> = (facts: F) => Fact;

/** What names there are, and how each is read. */
export type Vocabulary<F> = Record<string, { type: Type; read(facts: F): Fact }>;

/** `message` says what is wrong and where, for whoever wrote the expression. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

interface Token {
  kind: 'number' | 'string' | 'name' | 'sign' | 'end';
  text: string;
  value?: number;
  at: number;
}

interface Typed<F> {
  type: Type;
  evaluate: Evaluate<F>;
}

const MAX_CHARACTERS = 500;
const MAX_DEPTH = 32;
const SCALE: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9 };
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?)([kMG]?)(?![A-Za-z0-9_.])|"([^"]*)"|'([^']*)'|([A-Za-z_][A-Za-z0-9_.]*)|(==|!=|<=|>=|[<>+\-*/(),]))/y;

/** Throws `ExpressionError`. */
function tokenize(text: string): Token[] {
  if (text.length > MAX_CHARACTERS) throw new ExpressionError(`is longer than ${MAX_CHARACTERS} characters`);
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw new ExpressionError(`has something unknown at "${text.slice(at).trim().slice(0, 20)}"`);
    const [whole, number, unit = '', double, single, name, sign] = match;
    const start = at + whole.length - whole.trimStart().length;
    if (number !== undefined) {
      tokens.push({ kind: 'number', text: whole.trim(), value: Number(number) * (SCALE[unit] ?? 1), at: start });
    } else if (name !== undefined) tokens.push({ kind: 'name', text: name, at: start });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at: start });
    else tokens.push({ kind: 'string', text: double ?? single ?? '', at: start });
    at += whole.length;
  }
  tokens.push({ kind: 'end', text: 'the end', at: text.length });
  return tokens;
}

/** Reads expressions one after the other from a text; words that aren't part of one are left for the caller. */
export class ExpressionReader<F> {
  readonly #tokens: Token[];
  readonly #vocabulary: Vocabulary<F>;
  #next = 0;
  #depth = 0;

  constructor(text: string, vocabulary: Vocabulary<F>) {
    this.#tokens = tokenize(text);
    this.#vocabulary = vocabulary;
  }

  /** Takes the word if it is next. */
  word(word: string): boolean {
    return this.#take('name', word);
  }

  /** Throws unless all was read. */
  end(): void {
    if (this.#peek.kind !== 'end') throw this.#unexpected();
  }

  number(): (facts: F) => number {
    return this.#of('number') as (facts: F) => number;
  }

  boolean(): (facts: F) => boolean {
    return this.#of('boolean') as (facts: F) => boolean;
  }

  #of(type: Type): Evaluate<F> {
    const { at } = this.#peek;
    return this.#expect(this.#or(), type, at).evaluate;
  }

  #or(): Typed<F> {
    return this.#deeper(() => {
      let left = this.#and();
      while (this.#take('name', 'or')) left = this.#both(left, this.#and(), (a, b) => a || b);
      return left;
    });
  }

  #and(): Typed<F> {
    let left = this.#not();
    while (this.#take('name', 'and')) left = this.#both(left, this.#not(), (a, b) => a && b);
    return left;
  }

  #not(): Typed<F> {
    const { at } = this.#peek;
    if (!this.#take('name', 'not')) return this.#comparison();
    const { evaluate } = this.#expect(
      this.#deeper(() => this.#not()),
      'boolean',
      at,
    );
    return { type: 'boolean', evaluate: (facts) => !evaluate(facts) };
  }

  #comparison(): Typed<F> {
    const left = this.#sum();
    const { text: sign, kind, at } = this.#peek;
    if (kind !== 'sign' || !['==', '!=', '<', '<=', '>', '>='].includes(sign)) return left;
    this.#next++;
    const right = this.#sum();
    if (left.type !== right.type) {
      throw new ExpressionError(`compares a ${left.type} with a ${right.type} at character ${at + 1}`);
    }
    const [a, b] = [left.evaluate, right.evaluate];
    if (sign === '==') return { type: 'boolean', evaluate: (facts) => a(facts) === b(facts) };
    if (sign === '!=') return { type: 'boolean', evaluate: (facts) => a(facts) !== b(facts) };
    this.#expect(left, 'number', at);
    if (sign === '<') return { type: 'boolean', evaluate: (facts) => a(facts) < b(facts) };
    if (sign === '<=') return { type: 'boolean', evaluate: (facts) => a(facts) <= b(facts) };
    if (sign === '>') return { type: 'boolean', evaluate: (facts) => a(facts) > b(facts) };
    return { type: 'boolean', evaluate: (facts) => a(facts) >= b(facts) };
  }

  #sum(): Typed<F> {
    let left = this.#product();
    for (;;) {
      const { at } = this.#peek;
      if (this.#take('sign', '+')) left = this.#arithmetic(left, this.#product(), at, (a, b) => a + b);
      else if (this.#take('sign', '-')) left = this.#arithmetic(left, this.#product(), at, (a, b) => a - b);
      else return left;
    }
  }

  #product(): Typed<F> {
    let left = this.#unary();
    for (;;) {
      const { at } = this.#peek;
      if (this.#take('sign', '*')) left = this.#arithmetic(left, this.#unary(), at, (a, b) => a * b);
      // What can't be divided is nothing: a rule must not fail while people wait.
      else if (this.#take('sign', '/'))
        left = this.#arithmetic(left, this.#unary(), at, (a, b) => (b === 0 ? 0 : a / b));
      else return left;
    }
  }

  #unary(): Typed<F> {
    const { at } = this.#peek;
    if (!this.#take('sign', '-')) return this.#primary();
    const { evaluate } = this.#expect(
      this.#deeper(() => this.#unary()),
      'number',
      at,
    );
    return { type: 'number', evaluate: (facts) => -(evaluate(facts) as number) };
  }

  #primary(): Typed<F> {
    const token = this.#peek;
    if (this.#take('sign', '(')) {
      const inner = this.#or();
      this.#need(')');
      return inner;
    }
    if (token.kind === 'number') return this.#constant('number', token.value ?? 0);
    if (token.kind === 'string') return this.#constant('string', token.text);
    if (token.kind !== 'name') throw this.#unexpected();
    if (token.text === 'true' || token.text === 'false') return this.#constant('boolean', token.text === 'true');
    if (token.text === 'min' || token.text === 'max') return this.#extreme(token.text);
    const fact = Object.hasOwn(this.#vocabulary, token.text) ? this.#vocabulary[token.text] : undefined;
    if (!fact) {
      const known = Object.keys(this.#vocabulary).join(', ');
      throw new ExpressionError(`knows no ${token.text} (character ${token.at + 1}), only ${known}`);
    }
    this.#next++;
    return { type: fact.type, evaluate: fact.read };
  }

  #extreme(name: 'min' | 'max'): Typed<F> {
    this.#next++;
    this.#need('(');
    const { at } = this.#peek;
    const left = this.#or();
    this.#need(',');
    const right = this.#or();
    this.#need(')');
    return this.#arithmetic(left, right, at, name === 'min' ? Math.min : Math.max);
  }

  #constant(type: Type, value: Fact): Typed<F> {
    this.#next++;
    return { type, evaluate: () => value };
  }

  #arithmetic(left: Typed<F>, right: Typed<F>, at: number, apply: (a: number, b: number) => number): Typed<F> {
    const a = this.#expect(left, 'number', at).evaluate as (facts: F) => number;
    const b = this.#expect(right, 'number', at).evaluate as (facts: F) => number;
    return { type: 'number', evaluate: (facts) => apply(a(facts), b(facts)) };
  }

  #both(left: Typed<F>, right: Typed<F>, apply: (a: Fact, b: Fact) => Fact): Typed<F> {
    const { at } = this.#peek;
    const a = this.#expect(left, 'boolean', at).evaluate;
    const b = this.#expect(right, 'boolean', at).evaluate;
    return { type: 'boolean', evaluate: (facts) => apply(a(facts), b(facts)) };
  }

  #expect(typed: Typed<F>, type: Type, at: number): Typed<F> {
    if (typed.type === type) return typed;
    throw new ExpressionError(`has a ${typed.type} where a ${type} belongs, at character ${at + 1}`);
  }

  #deeper(read: () => Typed<F>): Typed<F> {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError(`is nested deeper than ${MAX_DEPTH}`);
    const typed = read();
    this.#depth--;
    return typed;
  }

  get #peek(): Token {
    return this.#tokens[this.#next];
  }

  #take(kind: Token['kind'], text: string): boolean {
    const token = this.#peek;
    if (token.kind !== kind || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #need(sign: string): void {
    if (!this.#take('sign', sign)) throw this.#unexpected(sign);
  }

  #unexpected(instead?: string): ExpressionError {
    const { text, at } = this.#peek;
    const wanted = instead ? `, where ${instead} belongs` : '';
    return new ExpressionError(`doesn't go on with ${text} at character ${at + 1}${wanted}`);
  }
}
