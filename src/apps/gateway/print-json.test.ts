// Answers of the gateway's own in the forms besides JSON.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from 'cborg'
import { parseExactJson } from '../../foundation/exact-json.ts'
import type { JsonValue } from '../../model/json.ts'
import { printCbor, printYaml } from './print-json.ts'

const answer = parseExactJson(
  '{"took":7,"a":{"requests_per_second":-1.0,"rate":0.25},"big":12345678901234567890,"z":[1.5,10.00]}',
) as JsonValue

test('numbers with a fraction keep it in YAML, as the servers print them', () => {
  const lines = printYaml(answer).split('\n')
  for (const line of ['took: 7', '  requests_per_second: -1.0', '  rate: 0.25', 'big: 12345678901234567890', '- 10.00'])
    assert.ok(lines.includes(line), line)
})

test('names stand in CBOR in the order in which they stand in JSON', () => {
  const decoded = decode(printCbor(answer), { useMaps: true }) as Map<string, unknown>
  assert.deepEqual([...decoded.keys()], ['took', 'a', 'big', 'z'])
  assert.equal(decoded.get('big'), 12345678901234567890n)
})
