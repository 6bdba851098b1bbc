import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { test } from 'node:test'
import { type AddressBook, resolveConnection } from './connection.ts'
import { dialOf, lookupIn } from './dial.ts'

const book = (...found: LookupAddress[]): AddressBook => ({ find: async () => found, failed: () => {} })

function look(addresses: AddressBook, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookupIn(addresses)('es', { all }, (error, found, family) => {
      if (error) reject(error)
      else resolve(all ? found : { address: found, family })
    })
  })
}

const four = { address: '10.0.0.1', family: 4 }
const six = { address: '2001:db8::1', family: 6 }

test('an address book is asked for one address or for all', async () => {
  assert.deepEqual(await look(book(four, six), true), [four, six])
  assert.deepEqual(await look(book(four, six), false), four)
  for (const all of [true, false]) await assert.rejects(look(book(), all), { code: 'ENOTFOUND' })
  const refusing = { ...book(), find: () => Promise.reject(new Error('refused')) }
  await assert.rejects(look(refusing, true), { message: 'refused' })
})

test('a tunnel goes before the address of the URL', async () => {
  const via = { host: '127.0.0.1', port: 4000 }
  const tunnelled = await resolveConnection('source', { nodes: ['https://es.example.com'], via })
  const [node] = tunnelled.nodes
  assert.ok(node)
  assert.deepEqual(dialOf(node, tunnelled), via)
  assert.deepEqual(dialOf(node, { addresses: undefined, via: undefined }), { host: 'es.example.com', port: 443 })
  assert.deepEqual([node.name, tunnelled.gzip], ['https://es.example.com', true])
})
