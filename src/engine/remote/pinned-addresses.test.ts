import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PinnedAddresses } from './pinned-addresses.ts'

test('a name is resolved once, and again and checked again when a connection failed', async () => {
  const answers = ['10.0.0.1', '10.0.0.2', '127.0.0.1', '10.0.0.3']
  let asked = 0
  const pinned = new PinnedAddresses(
    'es',
    async () => [{ address: answers[asked++] ?? '', family: 4 }],
    (address) => assert.notEqual(address, '127.0.0.1'),
  )
  const first = async () => (await pinned.find('es'))[0]?.address
  assert.deepEqual(await Promise.all([first(), first()]), ['10.0.0.1', '10.0.0.1'])
  assert.equal(await first(), '10.0.0.1')
  pinned.failed()
  assert.equal(await first(), '10.0.0.2')
  pinned.failed()
  await assert.rejects(first())
  assert.equal(await first(), '10.0.0.3')
  assert.equal(asked, 4)
  await assert.rejects(pinned.find('other'), { code: 'INTERNAL' })
})
