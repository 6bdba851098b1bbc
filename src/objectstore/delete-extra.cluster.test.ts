// What --delete-extra may take away: only what the source really does not have.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startChangingProxy } from '../../test/objectstores/changing-proxy.ts'
import { missingFor, type StartedStore, startObjectStore } from '../../test/objectstores/object-stores.ts'
import {
  bucketAt,
  clientOf,
  fill,
  listAll,
  makeBucket,
  move,
  open,
  temporaryFolder,
} from '../../test/objectstores/store-sides.ts'
import { isErrorOf } from '../foundation/errors.ts'

const skip = missingFor('gofakes3') ?? false
let store: StartedStore
before(async () => {
  if (!skip) store = await startObjectStore('gofakes3')
})
after(() => store?.[Symbol.asyncDispose]())

async function bucketWith(objects: Readonly<Record<string, string>>): Promise<string> {
  const bucket = await makeBucket(clientOf(store))
  await fill(clientOf(store), bucket, objects)
  return bucket
}
const at = (bucket: string, url = store.url) => bucketAt(bucket, url)

test('an object that the source lists late is not deleted from the target', { skip }, async () => {
  await using state = await temporaryFolder()
  await using late = await startChangingProxy(store.url, {
    xml: (_, text) =>
      text.replace(/<Contents>.*?<\/Contents>/gs, (entry) => (entry.includes('<Key>late<') ? '' : entry)),
  })
  const [from, to] = [await bucketWith({ a: 'one', late: 'two' }), await bucketWith({ late: 'two', gone: 'three' })]
  const source = await open(at(from, late.url), 'source')
  assert.deepEqual(
    (await listAll(source)).map(({ key }) => key),
    ['a'],
  )
  const target = await open(at(to), 'target')
  const notes: string[] = []
  const note = (text: string) => notes.push(text)
  const result = await move(state.path, source, target, { deleteExtra: true, note })
  assert.deepEqual([result.extra, result.deleted], [2, 1])
  assert.deepEqual(
    (await listAll(target)).map(({ key }) => key),
    ['a', 'late'],
  )
  assert.match(notes.join('\n'), /1 objects stay at the target: the source has them/)
})

test('a source without any objects is nearly always a slip, and empties no target', { skip }, async () => {
  await using state = await temporaryFolder()
  const [from, to] = [await bucketWith({ 'snap/a': 'one' }), await bucketWith({ a: 'one', b: 'two' })]
  const target = await open(at(to), 'target')
  await assert.rejects(
    move(state.path, await open(at(from), 'source'), target, { deleteExtra: true, sourcePrefix: 'snpa/' }),
    (error: unknown) => isErrorOf(error, 'USAGE') && /no objects below "snpa\/"/.test(error.message),
  )
  assert.equal((await listAll(target)).length, 2)
})
