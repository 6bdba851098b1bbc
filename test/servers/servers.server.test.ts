// Every server of the catalogue starts, takes a document and gives it back; and no server outlives its owner.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerName, serverNames } from './catalogue.ts'
import { ask } from './http.ts'
import { startOwner } from './owner.ts'
import { missingJava, type RunningServer, startServer, useServer } from './servers.ts'

function call(server: RunningServer, method: string, path: string, body?: string) {
  const { username, password, caFile } = server
  return ask(server.url + path, {
    method,
    username,
    password,
    ca: caFile ? readFileSync(caFile) : undefined,
    ...(body === undefined ? {} : { body, contentType: 'application/x-ndjson' }),
  })
}

const typed = ['elasticsearch-1.', 'elasticsearch-2.', 'elasticsearch-5.', 'elasticsearch-6.']

// That with the plugin for S3 is the same server, and has a test with an object store.
for (const name of serverNames.filter((each) => !each.endsWith('-s3'))) {
  test(`${name} stores a document`, { skip: missingJava(name) ?? false, timeout: 600_000 }, async () => {
    const server = await useServer(name)
    const page = JSON.parse((await call(server, 'GET', '/')).body)
    assert.equal(page.version.number, server.version)
    assert.equal(page.version.distribution ?? 'elasticsearch', server.flavour)

    const index = 'launcher-smoke'
    const type = typed.some((start) => name.startsWith(start)) ? { _type: 'doc' } : {}
    const lines = [{ index: { _index: index, _id: '1', ...type } }, { title: 'ferry' }]
    const bulk = await call(
      server,
      'POST',
      '/_bulk?refresh=true',
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
    assert.equal(bulk.status, 200, bulk.body)
    assert.equal(JSON.parse(bulk.body).errors, false, bulk.body)
    const found = JSON.parse((await call(server, 'GET', `/${index}/_search`)).body)
    assert.deepEqual(found.hits.hits[0]._source, { title: 'ferry' })
    await call(server, 'DELETE', `/${index}`)
  })
}

test('a secured server wants its password', { skip: missingJava('opensearch-2.19.4-secure') ?? false }, async () => {
  const server = await useServer('opensearch-2.19.4-secure')
  assert.equal((await call({ ...server, password: 'wrong' }, 'GET', '/')).status, 401)
  await assert.rejects(call({ ...server, caFile: server.wrongCaFile! }, 'GET', '/'), /certificate/)
})

/** One process, and two: what Elasticsearch is up to version 7 and since. */
const killed: ServerName[] = ['elasticsearch-7.10.2', 'elasticsearch-9.1.0']

for (const name of killed) {
  test(`${name} ends when its owner is killed`, { skip: missingJava(name) ?? false, timeout: 600_000 }, async () => {
    const script = `
      const { startServer } = await import(${JSON.stringify(new URL('./servers.ts', import.meta.url).href)})
      const { pid, url, folder } = await startServer(${JSON.stringify(name)})
      console.log(JSON.stringify({ pid, url, folder }))
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await Array.fromAsync(firstLine(createInterface({ input: owner.stdout })))
    const { pid, url, folder } = JSON.parse(line)
    assert.equal((await ask(url)).status, 200)

    owner.kill('SIGKILL')
    await until(() => !isAlive(pid) && !existsSync(folder))
    await assert.rejects(ask(url))
  })
}

test('a server that cannot start says why', { skip: missingJava('elasticsearch-7.10.2') ?? false }, async () => {
  await assert.rejects(
    startServer('elasticsearch-7.10.2', { settings: { 'no.such.setting': 1 } }),
    /ended with code 1; the end of its log:.*unknown setting \[no\.such\.setting\]/s,
  )
})

test('another takes the place of a shared server that died', {
  skip: missingJava('elasticsearch-7.10.2') ?? false,
}, async () => {
  await using owner = await startOwner()
  const shared = async (): Promise<{ pid: number; url: string }> => {
    const { status, body } = await ask(`${owner.url}/servers/elasticsearch-7.10.2`, { method: 'POST' })
    assert.equal(status, 200, body)
    return JSON.parse(body)
  }
  const first = await shared()
  assert.deepEqual(await shared(), first)
  process.kill(first.pid, 'SIGKILL')
  await until(() => !isAlive(first.pid))
  await sleep(1000)
  const [second, same] = await Promise.all([shared(), shared()])
  assert.deepEqual(same, second)
  assert.notEqual(second.pid, first.pid)
  assert.equal((await ask(second.url)).status, 200)
})

async function* firstLine(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    yield line
    return
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  // Its guardian alone has patience for twelve seconds.
  const deadline = Date.now() + 60_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'still there after a minute')
    await sleep(100)
  }
}
