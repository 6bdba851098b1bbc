// `POST /_reindex` through `indexferry serve` in front of the target. The gateway runs before the request, as the server does that it is compared with.
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HttpClient } from '../http.ts'
import { nodeProgram, runProgram, type Usage } from '../run-program.ts'
import type { Contender, RunContext } from './contender.ts'

const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))
const readyWithinMs = 20_000

export const gateway: Contender = {
  name: 'gateway',
  title: '`_reindex` through indexferry, slices=auto',
  does: 'copy',
  sets: ['small', 'middle', 'difficult'],
  run: reindexThroughGateway,
}

async function reindexThroughGateway({ source, target, set, folder, signal }: RunContext): Promise<Usage> {
  const port = await freePort()
  const config = join(folder, 'indexferry.yaml')
  await writeFile(config, `reindex.remote.allowlist: ['${new URL(source.url).host}']\n`)
  const listen = `127.0.0.1:${port}`
  const args = [
    'serve',
    '--cluster',
    target.url,
    '--listen',
    listen,
    '--config',
    config,
    '--state',
    join(folder, 'state'),
  ]
  using http = new HttpClient(`http://${listen}`)
  let failure = ''
  let seconds = 0
  const during = async () => {
    await untilReady(http, signal)
    const started = performance.now()
    const { failures } = await http.json<{ failures: readonly unknown[] }>({
      method: 'POST',
      path: '/_reindex?slices=auto',
      body: { source: { remote: { host: source.url }, index: set.name }, dest: { index: set.name } },
      signal,
    })
    seconds = (performance.now() - started) / 1000
    if (failures.length > 0) failure = JSON.stringify(failures[0])
  }
  const usage = await runProgram({ ...nodeProgram(program, ...args), folder, signal, during })
  if (failure !== '') throw new Error(failure)
  return { ...usage, seconds }
}

async function untilReady(http: HttpClient, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  for (;;) {
    try {
      await http.bytes({ method: 'GET', path: '/_indexferry/ready', signal })
      return
    } catch (error) {
      signal.throwIfAborted()
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
