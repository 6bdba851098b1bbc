import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatByteSize, formatDuration, parseByteSize, parseCount, parseDuration, parseShare } from './quantity.ts'

test('sizes are powers of 1024, in any case, with or without a space', () => {
  for (const [text, bytes] of Object.entries({
    '0': 0,
    '17': 17,
    '17b': 17,
    '5mb': 5 * 1024 * 1024,
    '5 MB': 5 * 1024 * 1024,
    '1GiB': 1024 ** 3,
    '1.5k': 1536,
    '0.5m': 512 * 1024,
    '2t': 2 * 1024 ** 4,
    '1_000': 1000,
    '1,000,000': 1_000_000,
  }))
    assert.equal(parseByteSize(text), bytes, text)
})

test('what is not a size is undefined', () => {
  for (const text of ['', 'mb', '-1', '5 potatoes', '5mbb', '1__0', '1_00', '1.', '.5m', '1e3', '99999999t', 'NaN'])
    assert.equal(parseByteSize(text), undefined, text)
})

test('durations need a unit', () => {
  assert.equal(parseDuration('30s'), 30_000)
  assert.equal(parseDuration('250ms'), 250)
  assert.equal(parseDuration('1.5h'), 5_400_000)
  assert.equal(parseDuration('5 min'), 300_000)
  assert.equal(parseDuration('0'), 0)
  for (const text of ['30', '', 's', '-5s', '5 years']) assert.equal(parseDuration(text), undefined, text)
})

test('counts are whole numbers, powers of 1000', () => {
  assert.equal(parseCount('10k'), 10_000)
  assert.equal(parseCount('1_000_000'), 1_000_000)
  assert.equal(parseCount('2.5m'), 2_500_000)
  for (const text of ['1.5', '0.0001k', 'ten', '-1', '10kb']) assert.equal(parseCount(text), undefined, text)
})

test('shares lie between 0 and 1', () => {
  assert.equal(parseShare('50%'), 0.5)
  assert.equal(parseShare('0.25'), 0.25)
  assert.equal(parseShare('1'), 1)
  for (const text of ['101%', '2', '-0.1', '', '%']) assert.equal(parseShare(text), undefined, text)
})

test('sizes and durations for people', () => {
  assert.equal(formatByteSize(512), '512 B')
  assert.equal(formatByteSize(5 * 1024 ** 2), '5 MiB')
  assert.equal(formatByteSize(1536), '1.5 KiB')
  assert.equal(formatDuration(250), '250 ms')
  assert.equal(formatDuration(5_400_000), '1 h 30 min')
  assert.equal(formatDuration(30_000), '30 s')
  assert.equal(formatDuration(86_400_000), '1 d')
})
