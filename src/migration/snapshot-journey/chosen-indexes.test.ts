// What a plan means by its expression, among what servers have put into the snapshot.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenIndexes } from './chosen-indexes.ts'

const held = ['.kibana_1', '.own', 'movies', 'movies-old', 'reviews']

test('patterns do not reach what begins with a dot, names and patterns with a dot do', () => {
  const choose = (expression: string) => chosenIndexes(expression, held, 'the snapshot')
  assert.deepEqual(choose('*'), ['movies', 'movies-old', 'reviews'])
  assert.deepEqual(choose('*,-movies*'), ['reviews'])
  assert.deepEqual(choose('movies,.own'), ['.own', 'movies'])
  assert.deepEqual(choose('.k*'), ['.kibana_1'])
  assert.throws(() => choose('films'), { code: 'INDEX_MISSING', message: /the snapshot has no index films/ })
})
