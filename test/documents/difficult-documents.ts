// Documents whose bytes other tools change: numbers that JavaScript or Java would print otherwise, escapes, odd white space, key
// orders, long and deep values, odd ids and routings. Every byte of them must arrive.

export interface DifficultDocument {
  readonly id: string
  readonly routing?: string
  /** The JSON text of `_source`, exactly as it is sent. */
  readonly source: string
}

const numbers = [
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551616',
  '123456789012345678901234567890',
  '1.0',
  '1.10',
  '-0',
  '-0.0',
  '0.1e1',
  '1E5',
  '1e+5',
  '1e-7',
  '100e-2',
  '1e400',
  '-1e400',
  '4.9e-324',
  '1e-400',
  '0.30000000000000004',
  '3.141592653589793238462643383279',
  '1.7976931348623157e308',
  '12345678901234567890.12345678901234567890',
]

const strings = [
  '""',
  '"\\u0041"',
  '"\\u00e9 é"',
  '"\\/ and /"',
  '"\\"quoted\\""',
  '"back\\\\slash"',
  '"ends in backslash\\\\"',
  '"\\\\\\""',
  '"tab\\t newline\\n return\\r"',
  '"\\u0000\\u001f"',
  '"\\ud83d\\ude00 😀"',
  '"\\uD83D\\uDE00"',
  '"\u2028 \u2029 \ufeff"',
  '"{\\"_index\\":\\"x\\"},"',
  '"}]}"',
  '"// not a comment /* neither */"',
  '"\\"hits\\":["',
  '"\\"status\\":429"',
  `"${'long '.repeat(4_000)}"`,
  `"${'\\"'.repeat(1_000)}"`,
  `"${'\\\\'.repeat(1_000)}"`,
  '"𝔘𝔫𝔦𝔠𝔬𝔡𝔢 日本語 العربية"',
]

const structures = [
  '{}',
  '{ }',
  '{"a":{}}',
  '{"a":[]}',
  '{"a":[[],[[]],{}]}',
  '{"b":1,"a":2,"c":3,"B":4}',
  '{"10":1,"9":2,"1":3}',
  '{"a b":1,"a\\"b":2,"a\\\\b":3,"é":4}',
  '{"o":{"_source":{"_id":"inner","_index":"inner"}}}',
  '{"hits":{"hits":[{"_id":"1"}]}}',
  '{"a":null,"b":true,"c":false}',
  '{ "a" : 1 , "b" : [ 1 , 2 ] }',
  '{\t"a"\t:\t1\t}',
  '{"a":1 }',
  `{"deep":${'{"a":'.repeat(15)}1${'}'.repeat(15)}}`,
  `{"wide":{${Array.from({ length: 300 }, (_, i) => `"k${i}":${i}`).join(',')}}}`,
  `{"list":[${Array.from({ length: 2_000 }, (_, i) => i).join(',')}]}`,
  '{"1.5":1,"a.b":{"c":2}}',
]

/** Line breaks between tokens can be stored one by one, not in bulk; a bulk body gets a space for each. */
const broken = [
  '{\n  "a": 1,\n  "b": "x"\n}',
  '{\r\n"a":\r\n[\r\n1,\r\n2\r\n]\r\n}',
  '\n{"a":"\\n is not a break"}\n',
  '{"a":\n\n\n\n1}',
]

const ids = [
  'plain',
  'with space',
  'slash/slash',
  'back\\slash',
  'quote"quote',
  'percent%25',
  'plus+plus',
  'öäü-日本',
  '😀',
  'a'.repeat(500),
  '#type#like',
  '?query=1&b',
  "apostrophe's",
  '-',
  '_underscore',
  '\u007f',
]

/** Mapped with `dynamic: false`, so that the server stores them without looking at the fields. */
export function difficultDocuments(): DifficultDocument[] {
  const documents: DifficultDocument[] = []
  const add = (source: string, rest: Partial<DifficultDocument> = {}) =>
    documents.push({ id: `d${documents.length}`, source, ...rest })
  for (const number of numbers) {
    add(`{"n":${number}}`)
    add(`{"n":[${number},${number}],"o":{"p":${number}}}`)
    add(`{ "n" : ${number} }`)
  }
  for (const string of strings) {
    add(`{"s":${string}}`)
    add(`{"s":[${string}, ${string}]}`)
    add(
      `{${string === '""' ? '"empty"' : string.length > 600 ? '"key"' : string.replaceAll('.', '_')}:1,"s":${string}}`,
    )
  }
  for (const structure of structures) add(structure)
  for (const source of broken) add(source)
  for (const id of ids) {
    add('{"by":"id"}', { id })
    add('{"by":"routing"}', { routing: id })
  }
  return documents
}

/** What a document is after a bulk body: each line break between tokens is a space. The set has none inside strings. */
export const inOneLine = (source: string): string => source.replaceAll('\n', ' ')
