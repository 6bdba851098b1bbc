// How bin/indexferry.js begins, with a program that only says that it runs: what it keeps, where it must not, and what it says is missing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexferry-start-'))
  const bin = fileURLToPath(new URL('../../bin/', import.meta.url))
  await cp(bin, join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await mkdir(join(folder, 'dist/program'), { recursive: true })
})
after(() => rm(folder, { recursive: true }))

const program = (text: string) => writeFile(join(folder, 'dist/program/main.cjs'), text)
const running = 'exports.main = async () => console.log("it runs")'

function run(env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/indexferry.js')], {
    env,
    encoding: 'utf8',
  })
  return { status, stdout: stdout.trim(), stderr }
}

async function home(name: string, mode: number): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  await chmod(path, mode)
  return path
}

test('only the program itself that is missing is one that is not built', async () => {
  const { status, stderr } = run({})
  assert.equal(status, 2)
  assert.match(stderr, /not built yet/)
  await program('require("no-such-part-of-main.cjs")')
  const broken = run({})
  assert.notEqual(broken.status, 0)
  assert.match(broken.stderr, /Cannot find module 'no-such-part-of-main.cjs'/)
  assert.doesNotMatch(broken.stderr, /not built/)
})

test('what is compiled is kept in a home that only the user can write to', async () => {
  await program(running)
  const own = await home('own', 0o700)
  assert.equal(run({ HOME: own }).stdout, 'it runs')
  assert.deepEqual(await readdir(join(own, '.cache/indexferry')), ['compiled'])
  const open = await home('open', 0o777)
  assert.equal(run({ HOME: open }).stdout, 'it runs')
  assert.deepEqual(await readdir(open), [])
  assert.equal(run({ HOME: join(folder, 'nowhere') }).stdout, 'it runs')
})
