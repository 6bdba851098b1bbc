// Hooks as real commands and real HTTP calls.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { JourneyHook } from './journey-plan.ts'
import { runHook } from './run-hook.ts'

const plain = {
  phase: 'switch',
  when: 'after',
  command: undefined,
  url: undefined,
  headers: {},
  timeLimitMs: 10_000,
} as const
const never = new AbortController().signal
const call = (hook: Partial<JourneyHook>, signal = never) =>
  runHook({ hook: { ...plain, ...hook }, facts: { migration: 'movies', blocked: ['é'] }, folder: tmpdir(), signal })
const node = (code: string) => ({ command: [process.execPath, '-e', code] })

test('a command gets the facts on its standard input', async () => {
  await call(node(`process.exit(JSON.parse(require('fs').readFileSync(0)).blocked[0] === 'é' ? 0 : 1)`))
  // One that does not read them is good as well.
  await call(node('process.exit(0)'))
})

test('what a command ends with, and says, is the reason', async () => {
  await assert.rejects(call(node(`console.error('writers still run'); process.exit(7)`)), {
    code: 'HOOK_FAILED',
    message: /the hook after switch \(.*\) ended with exit code 7: writers still run/,
  })
  await assert.rejects(call({ command: ['no-such-program-here'] }), { code: 'HOOK_FAILED', message: /ENOENT/ })
})

test('a command that takes too long is ended with all that it started', async () => {
  const slow = node(
    `require('child_process').spawn('sleep', ['30'], { stdio: 'inherit' }); setTimeout(() => {}, 30000)`,
  )
  const started = performance.now()
  await assert.rejects(call({ ...slow, timeLimitMs: 400 }), { code: 'HOOK_FAILED', message: /took longer than 400 ms/ })
  assert.ok(performance.now() - started < 10_000)
})

test('a stop of the user is no failure of the hook', async () => {
  const stop = new AbortController()
  const running = call(node('setTimeout(() => {}, 30000)'), stop.signal)
  stop.abort(new RangeError('stopped'))
  await assert.rejects(running, RangeError)
})

test('an address gets the facts by POST, and its status decides', async () => {
  const got: unknown[] = []
  const server = createServer(async (request, response) => {
    got.push([request.method, request.headers['x-token'], JSON.parse(await text(request))])
    response.writeHead(request.url === '/good' ? 204 : 302, { location: '/good' }).end('elsewhere')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await call({ url: `${url}/good`, headers: { 'x-token': 't' } })
    assert.deepEqual(got, [['POST', 't', { migration: 'movies', blocked: ['é'] }]])
    await assert.rejects(call({ url: `${url}/other` }), { code: 'HOOK_FAILED', message: /answered 30/ })
    assert.equal(got.length, 2, 'redirections are not followed')
  } finally {
    server.close()
    server.closeAllConnections()
  }
  await assert.rejects(call({ url }), { code: 'HOOK_FAILED', message: /ECONNREFUSED/ })
})
