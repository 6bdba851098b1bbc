// `indexferry serve` as a user sees it: what it prints, that it stays, and how it ends.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask } from '../../../test/servers/http.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'

const name = 'opensearch-2.19.4'
const options = { skip: missingJava(name) ?? false, timeout: 120_000 }
const project = fileURLToPath(new URL('../../..', import.meta.url))
const program = "const { main } = await import('./src/apps/cli/main.ts'); await main(process.argv.slice(1))"

interface Serving {
  readonly child: ChildProcess
  /** All that was printed, once it matches. */
  says(pattern: RegExp): Promise<string>
}

async function serve(context: TestContext, ...args: string[]): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-serve-'))
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, '--']
  const child = spawn(process.execPath, [...flags, 'serve', '--state', folder, ...args], { cwd: project })
  const ended = once(child, 'close')
  context.after(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk))
  const says = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(printed)) {
      if (child.exitCode !== null) assert.fail(`it ended with ${child.exitCode} and printed:\n${printed}`)
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended])
    }
    return printed
  }
  return { child, says }
}

test('it says where it listens, in front of what, for whom, and ends cleanly', options, async (context) => {
  const server = await useServer(name)
  const { child, says } = await serve(context, '--cluster', server.url, '--listen', '127.0.0.1:0')
  const printed = await says(/may call/)
  const [, url] = /^indexferry listens at (http:\/\/127\.0\.0\.1:\d+)$/m.exec(printed) ?? []
  assert.ok(url, printed)
  assert.match(printed, new RegExp(`^ {2}in front of \\S+ \\(OpenSearch 2\\.19\\.4\\) at ${server.url}$`, 'm'))
  assert.match(printed, /^ {2}whoever the cluster lets in may call, with their own credentials for the cluster$/m)
  assert.deepEqual(await ask(url), await ask(server.url))
  child.kill('SIGTERM')
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0)
})

test('a cluster that is away is a warning, a port in use and a wrong URL are errors', options, async (context) => {
  const away = await serve(context, '--cluster', 'http://127.0.0.1:1', '--listen', '127.0.0.1:0')
  const printed = await away.says(/may call/)
  assert.match(printed, /^warning: .*http:\/\/127\.0\.0\.1:1.*refused/m)
  const { port } = new URL(/listens at (\S+)/.exec(printed)?.[1] ?? '')
  const [taken, wrong] = await Promise.all([
    serve(context, '--cluster', 'http://127.0.0.1:1', '--listen', `127.0.0.1:${port}`),
    serve(context, '--cluster', 'ftp://127.0.0.1'),
  ])
  const [[takenCode], [wrongCode]] = await Promise.all([once(taken.child, 'close'), once(wrong.child, 'close')])
  assert.deepEqual([takenCode, wrongCode], [2, 2])
  assert.match(await taken.says(/./), /cannot listen at 127\.0\.0\.1:\d+: the port is in use[\s\S]*\[LISTEN_FAILED\]/)
})
