// Random JSON documents in every form that servers take: spaces, line breaks and comments between tokens, numbers of any text,
// escapes, duplicate keys.
import { fc } from './properties.ts'

const gaps = ['', '', '', '', ' ', '\n', '\r\n', '\t', '/* a "quoted" } comment */', '// to the end "{\n', '/* \n **/']
const numbers = ['9007199254740993', '1.0', '1e400', '-0', '0.10', '1E+5', '7']
const strings = ['""', '"\\u0041\\\\"', '"\\"_source\\":{"', '"// no comment"', '"ä€😀"', `"${'long '.repeat(40)}\\""`]
const keys = ['"a"', '"a"', '"b.c"', '"_id"', '"ke\\"y"', '"fields"', '"ü"']

const { value } = fc.letrec<{ value: string[]; object: string[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...numbers, ...strings, 'true', 'null').map((text) => [text]),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => ['[', ...join(items), ']']),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...keys), tie('value')), { maxLength: 4 })
    .map((members) => ['{', ...join(members.map(([key, tokens]) => [key, ':', ...tokens])), '}']),
}))

const join = (parts: string[][]) => parts.flatMap((part, i) => (i === 0 ? part : [',', ...part]))

/** An object as text, with gaps between its tokens. */
export const looseObject: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 4 }),
    fc.array(fc.constantFrom(...gaps), { minLength: 1 }),
  )
  .map(([members, chosen]) => {
    const tokens = ['{', ...join(members.map(([key, inner]) => [key, ':', ...inner])), '}']
    return tokens.map((token, i) => (i === 0 ? token : `${chosen[i % chosen.length]}${token}`)).join('')
  })
