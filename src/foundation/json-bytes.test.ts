import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import {
  encodeJsonString,
  equalsBytes,
  MemberCursor,
  skipSpace,
  skipString,
  skipValue,
  toOneLine,
  UNFINISHED,
} from './json-bytes.ts'

const bytes = (text: string) => Buffer.from(text)

/** Prints a value with spaces, line breaks and comments wherever the grammar lets them stand. */
function printLoosely(value: unknown, gap: () => string): string {
  if (Array.isArray(value)) return `[${gap()}${value.map((v) => printLoosely(v, gap) + gap()).join(`,${gap()}`)}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(
      ([key, v]) => `${JSON.stringify(key)}${gap()}:${gap()}${printLoosely(v, gap)}${gap()}`,
    )
    return `{${gap()}${members.join(`,${gap()}`)}}`
  }
  return JSON.stringify(value)
}

const gaps = [
  '',
  '',
  '',
  ' ',
  '\n',
  '\r\n',
  '\t',
  '/* a "quoted" } comment */',
  '// to the end "{\n',
  '/**/',
  '/* \n **/',
]

const looseJson = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.array(fc.nat(gaps.length - 1), { minLength: 1 }))
  .map(([value, choices]) => {
    let i = 0
    const gap = () => gaps[choices[i++ % choices.length] as number] as string
    return { value, text: printLoosely(value, gap) }
  })

/** What a parser sees: comments removed outside strings, raw control characters in strings escaped. */
function parseLoose(text: string): unknown {
  const strict = text.replace(/"(?:[^"\\]|\\[\s\S])*"|\/\*[\s\S]*?\*\/|\/\/[^\r\n]*/g, (token) =>
    token.startsWith('"') ? token.replace(/\n/g, '\\n').replace(/\r/g, '\\r') : ' ',
  )
  return JSON.parse(strict)
}

describe('skipValue', () => {
  test('any value, printed with gaps and comments, ends where it ends, and is unfinished one byte earlier', () => {
    fc.assert(
      fc.property(looseJson, fc.string(), ({ text }, behind) => {
        const all = bytes(`xy${text},${behind}`)
        const end = 2 + bytes(text).length
        assert.equal(skipValue(all, 2), end)
        if (/^["{[]/.test(text)) assert.equal(skipValue(all, 2, end - 1), UNFINISHED)
      }),
      { numRuns: 500 },
    )
  })

  test('strings of every length around the native search, with backslashes before the closing quote', () => {
    for (let length = 0; length < 300; length++) {
      for (const backslashes of [0, 2, 4, 64, 66]) {
        const text = `"${'x'.repeat(length)}${'\\'.repeat(backslashes)}"`
        assert.equal(skipString(bytes(`${text}"`), 0), text.length)
        const escaped = `"${'x'.repeat(length)}${'\\'.repeat(backslashes + 1)}"`
        assert.equal(skipString(bytes(`${escaped}y"`), 0), escaped.length + 2)
        assert.equal(skipString(bytes(escaped), 0), UNFINISHED)
      }
    }
  })

  test('numbers and words of any text', () => {
    for (const word of ['1e400', '-0', 'NaN', '-Infinity', '9007199254740993', 'null', '1.0']) {
      for (const behind of ['', ',', '}', ' ', ']', '/*c*/'])
        assert.equal(skipValue(bytes(word + behind), 0), word.length)
    }
  })

  test('raw line breaks in strings, unquoted names, duplicate keys', () => {
    const text = '{a:1,"b":"x\ny}","b":[{}]}'
    assert.equal(skipValue(bytes(`${text}}`), 0), text.length)
  })

  test('nothing where a value should be', () => {
    for (const text of ['', ',', '}', ']', ' ', '/']) assert.equal(skipValue(bytes(text), 0), UNFINISHED)
  })

  test('a limit inside the buffer holds', () => {
    const text = bytes(`"${'a'.repeat(200)}"`)
    assert.equal(skipValue(text, 0, 150), UNFINISHED)
    assert.equal(skipSpace(bytes('   x'), 0, 2), 2)
    assert.equal(skipSpace(bytes('/* c */x'), 0, 5), 0)
  })
})

describe('MemberCursor', () => {
  test('gives the members of any object as they stand', () => {
    const members = new MemberCursor()
    fc.assert(
      fc.property(looseJson, ({ value, text }) => {
        fc.pre(value !== null && typeof value === 'object' && !Array.isArray(value))
        const all = bytes(`${text}]`)
        const seen: [string, unknown][] = []
        members.open(all, 0)
        while (members.next()) {
          const key = JSON.parse(`"${all.toString('utf8', members.keyStart, members.keyEnd)}"`) as string
          seen.push([key, parseLoose(all.toString('utf8', members.valueStart, members.valueEnd))])
        }
        assert.equal(members.objectEnd, all.length - 1)
        assert.deepEqual(seen, Object.entries(JSON.parse(JSON.stringify(value)) as object))
      }),
      { numRuns: 500 },
    )
  })

  test('an object that is cut off anywhere is never taken for a whole one', () => {
    const members = new MemberCursor()
    const text = bytes('{"a": {"b":[1,2]}, "c" : "x\\"y", d:NaN /* c */ }')
    for (let length = 0; length < text.length; length++) {
      members.open(text.subarray(0, length), 0)
      while (members.next());
      assert.equal(members.objectEnd, UNFINISHED, `cut at ${length}`)
      assert.ok(members.brokenAt >= 0 && members.brokenAt <= length)
    }
  })

  test('says where an object is broken', () => {
    const members = new MemberCursor()
    for (const [text, at] of [
      ['{"a":1 "b":2}', 7],
      ['{"a" 1}', 5],
      ['{"a":}', 5],
      ['{,}', 1],
      ['[1]', 0],
      ['{"a":1,,}', 7],
    ] as const) {
      members.open(bytes(text), 0)
      while (members.next());
      assert.deepEqual([members.objectEnd, members.brokenAt], [UNFINISHED, at], text)
    }
  })
})

describe('toOneLine', () => {
  test('without a line feed it is the same buffer', () => {
    const one = bytes('{"a":"\\n"}\r')
    assert.equal(toOneLine(one), one)
  })

  test('keeps every value and every other byte', () => {
    fc.assert(
      fc.property(looseJson, ({ value, text }) => {
        const line = toOneLine(bytes(text)).toString()
        assert.ok(!line.includes('\n'))
        assert.deepEqual(parseLoose(line), JSON.parse(JSON.stringify(value)))
        assert.equal(line.length, text.length)
      }),
      { numRuns: 500 },
    )
  })

  test('line feeds between tokens, in strings, in and behind comments', () => {
    for (const [text, line] of [
      ['{\n"a":\r\n1}', '{ "a":\r 1}'],
      ['{"a":"x\ny\n"}', '{"a":"x\\ny\\n"}'],
      ['{"a":"x\\"\n"}', '{"a":"x\\"\\n"}'],
      ['{// c "\n"a":1}', '{// c "\r"a":1}'],
      ['{// c\r\n"a":1}', '{// c\r "a":1}'],
      ['{/* c\n*/\n"a":1}', '{/* c */ "a":1}'],
      ['{"a":"// no comment\n"}', '{"a":"// no comment\\n"}'],
      ['{"a":1}//\n', '{"a":1}//\r'],
    ] as const) {
      assert.equal(toOneLine(bytes(text)).toString(), line)
    }
  })
})

test('encodeJsonString and equalsBytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(JSON.parse(encodeJsonString(text).toString()), text)
    }),
  )
  const all = bytes('xabcx')
  assert.equal(equalsBytes(all, 1, 4, bytes('abc')), true)
  assert.equal(equalsBytes(all, 1, 4, bytes('abd')), false)
  assert.equal(equalsBytes(all, 1, 3, bytes('abc')), false)
})
