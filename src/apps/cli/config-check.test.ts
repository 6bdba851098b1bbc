import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'

const program = `
import { main } from ${JSON.stringify(new URL('./main.ts', import.meta.url).href)}
await main(process.argv.slice(1))`

const secret = 'very-secret-1'

/** Runs `indexferry config …` in a folder with this configuration, as a process of its own. */
function run(t: TestContext, content: string, args: readonly string[], mode = 0o600) {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-config-check-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'indexferry.yaml'), content)
  chmodSync(join(folder, 'indexferry.yaml'), mode)
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program, '--', 'config', ...args],
    { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, PW: secret } },
  )
  assert.doesNotMatch(stdout + stderr, new RegExp(secret))
  return { status, stdout, stderr }
}

const good = `cluster: {url: "https://new:9200", username: ann, password: "$\{PW}"}
domains:
  old-cluster: {owner: "012345678901", region: eu-west-1, url: "https://u:${secret}@old:9200"}
`

test('a good file is shown with every default and without secrets', (t) => {
  const { status, stdout, stderr } = run(t, good, ['check'])
  assert.equal(status, 0, stderr)
  assert.equal(stderr, '')
  assert.match(stdout, /^# indexferry\.yaml is valid$/m)
  const shown = parse(stdout)
  assert.equal(shown.listen, '127.0.0.1:9200')
  assert.deepEqual(shown.cluster.nodes, ['https://new:9200'])
  assert.equal(shown.cluster.password, '***')
  assert.equal(shown.domains['old-cluster'].owner, '012345678901')
  assert.equal(shown.limits.slow_client, '1 min')
})

test('warnings go to standard error', { skip: process.platform === 'win32' && 'modes mean nothing there' }, (t) => {
  const { status, stderr } = run(t, good, ['check', 'indexferry.yaml'], 0o644)
  assert.equal(status, 0)
  assert.match(stderr, /^warning: indexferry\.yaml:3:64: domains\.old-cluster\.url is a secret in a file that other/)
})

const bad = `listn: 1\ncluster:\n  url: ftp://u:${secret}@new\n  password: "$\{NOT_THERE}"\n`

test('problems are told with their places, and end with 2', (t) => {
  const { status, stdout, stderr } = run(t, bad, ['check'])
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /indexferry\.yaml has 4 problems:\n/)
  assert.match(stderr, /indexferry\.yaml:1:1: listn is no setting; did you mean listen\?/)
  assert.match(stderr, /indexferry\.yaml:4:13: cluster\.password takes the environment variable NOT_THERE/)
  assert.match(stderr, /\[CONFIG_INVALID\]/)
})

test('--json tells the same to programs', (t) => {
  const told = JSON.parse(run(t, bad, ['check', '--json']).stdout)
  assert.equal(told.valid, false)
  assert.deepEqual(told.problems[0], {
    line: 1,
    column: 1,
    setting: 'listn',
    message: 'is no setting; did you mean listen?',
  })
  const well = JSON.parse(run(t, good, ['check', '--json']).stdout)
  assert.equal(well.valid, true)
  assert.deepEqual(well.problems, [])
  assert.equal(well.config.reindex.tasks, 20)
})

test('a file that is not there and an action that is none', (t) => {
  const missing = run(t, good, ['check', 'other.yaml'])
  assert.equal(missing.status, 2)
  assert.match(missing.stderr, /the configuration other\.yaml cannot be read/)
  const unknown = run(t, good, ['chek'])
  assert.equal(unknown.status, 2)
  assert.match(unknown.stderr, /indexferry config check \[FILE\]/)
})
