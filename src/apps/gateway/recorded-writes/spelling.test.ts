// What servers may read in a call that looks otherwise.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callGoesOn, isAmbiguous, isInPlainLetters, isWellSpelled, pipelineOf } from './spelling.ts'

test('paths', () => {
  assert.deepEqual(
    ['/a%2Cb//c/_search', 'http://x:9200/a/c/_search?q=%20', '/a/c'].map((url) => isInPlainLetters(url, 2)),
    [true, true, true],
  )
  assert.equal(isInPlainLetters('//a/c///%5Fsearch', 2), false)
  assert.deepEqual(['/a/c/caf%C3%A9', '/a/c/%ED%A0%80', '/a/c/%', '/a/c/x?q=%'].map(isWellSpelled), [
    true,
    false,
    false,
    true,
  ])
})

test('parameters', () => {
  assert.deepEqual(['/_bulk?a=1;index=b', '/a;b/c/1', '/a?b=%3B'].map(isAmbiguous), [true, false, false])
  const pipeline = (query: string) => pipelineOf(new URLSearchParams(query))
  assert.deepEqual(['', 'pipeline=', 'pipeline=_none', 'pipeline=p', 'pipeline=_none&pipeline=p'].map(pipeline), [
    undefined,
    undefined,
    undefined,
    'p',
    'p',
  ])
  const goesOn = (query: string) => callGoesOn({ query: new URLSearchParams(query), url: `/_reindex?${query}` })
  for (const value of ['false', '0', 'no', 'off', 'true&wait_for_completion=false', 'true;wait_for_completion=no'])
    assert.equal(goesOn(`wait_for_completion=${value}`), true, value)
  for (const query of ['', 'wait_for_completion', 'wait_for_completion=true', 'slices=2'])
    assert.equal(goesOn(query), false)
})
