// Whoever watches a call is told once what became of it, also when the client went away before he began to.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gatewayInFront } from '../../../test/gateway/gateway-in-front.ts'
import type { CallGuard } from './call-guard.ts'

test('a call whose client has gone is told as one of which nobody knows', { timeout: 30_000 }, async () => {
  const told: string[] = []
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const guard: CallGuard = {
    inspect: () => async (guarded) => {
      guarded.watch((isAnswered) => told.push(`before ${isAnswered}`))
      begun.resolve()
      await once(guarded.call.signal, 'abort')
      guarded.watch((isAnswered) => told.push(`after ${isAnswered}`))
      ended.resolve()
      return 'sent'
    },
  }
  // Nobody is asked: no call is passed on.
  await using gateway = await gatewayInFront({ nodes: ['http://127.0.0.1:9'] }, {}, [], guard)
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write('PUT /i/_doc/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  await begun.promise
  socket.destroy()
  await ended.promise
  assert.deepEqual(told.sort(), ['after false', 'before false'])
})

test('one that was answered is told as that, and whoever comes after it that nobody knows', async () => {
  const told: string[] = []
  const ended = Promise.withResolvers<void>()
  const guard: CallGuard = {
    inspect: () => async (guarded) => {
      const { response } = guarded.passed
      guarded.watch((isAnswered) => told.push(`before ${isAnswered}`))
      void once(response, 'close').then(() => {
        guarded.watch((isAnswered) => told.push(`after ${isAnswered}`))
        ended.resolve()
      })
      return { status: 200, body: {} }
    },
  }
  await using gateway = await gatewayInFront({ nodes: ['http://127.0.0.1:9'] }, {}, [], guard)
  const answer = await fetch(`${gateway.url}/i/_doc/1`, { method: 'PUT' })
  await answer.text()
  await ended.promise
  assert.equal(told.at(-1), 'after false')
  assert.equal(told.length, 2)
})
