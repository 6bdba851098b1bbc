import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldCredentials } from './held-credentials.ts'
import type { StoreCredentials } from './store-credentials.ts'

const minute = 60_000
const endingIn = (ms: number): StoreCredentials => ({
  accessKeyId: 'id',
  secretAccessKey: 'secret',
  expiration: new Date(Date.now() + ms),
})

test('credentials are asked for again before they end, and seldom', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000_000 })
  let asked = 0
  const held = new HeldCredentials(async () => endingIn(++asked === 1 ? 20 * minute : 4 * minute))
  const [first, same] = await Promise.all([held.get(), held.get()])
  assert.equal(first, same)
  assert.equal(asked, 1)
  context.mock.timers.tick(14 * minute)
  assert.equal(await held.get(), first)
  context.mock.timers.tick(2 * minute)
  const second = await held.get()
  assert.notEqual(second, first)
  // Their source has nothing that holds longer: it is not asked for every request.
  for (let request = 0; request < 10; request++) assert.equal(await held.get(), second)
  assert.equal(asked, 2)
  context.mock.timers.tick(minute)
  await held.get()
  assert.equal(asked, 3)
})

test('while their source is away, credentials serve until they end', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000_000 })
  let isAway = false
  const held = new HeldCredentials(async () => {
    if (isAway) throw new Error('away')
    return endingIn(10 * minute)
  })
  const first = await held.get()
  isAway = true
  context.mock.timers.tick(7 * minute)
  assert.equal(await held.get(), first)
  context.mock.timers.tick(4 * minute)
  await assert.rejects(held.get(), /away/)
  isAway = false
  assert.notEqual(await held.get(), first)
})

test('those that a store calls ended are dropped once', async () => {
  let asked = 0
  const held = new HeldCredentials(async () => ({ accessKeyId: `id-${++asked}`, secretAccessKey: 'secret' }))
  const first = await held.get()
  held.drop(first)
  const second = await held.get()
  held.drop(first)
  assert.equal(await held.get(), second)
  assert.equal(asked, 2)
})
