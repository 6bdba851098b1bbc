import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const skip = process.platform === 'linux' ? false : 'the list of processes is read from /proc'

test('a password in a URL does not stay in the list of processes', { skip, timeout: 60_000 }, async () => {
  // It takes the connection and says nothing, so that the program waits.
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  const started = `const { main } = await import(${JSON.stringify(import.meta.resolve('./main.ts'))}); await main(process.argv.slice(1))`
  const words = ['assess', `http://ann:geheim-genug@${host}/a`, `http://${host}`, '--source-header', 'X-Key: geheim']
  const child = spawn(process.execPath, ['--input-type=module', '-e', started, ...words], { stdio: 'ignore' })
  try {
    let shown = ''
    do {
      await sleep(20)
      assert.equal(child.exitCode, null, 'the program waits')
      shown = await readFile(`/proc/${child.pid}/cmdline`, 'utf8')
    } while (shown.includes('geheim') || !shown.includes('assess'))
    assert.match(shown, /^indexferry assess 'http:\/\/\*\*\*@127\.0\.0\.1:\d+\/a' .* --source-header '\*\*\*'/)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
    silent.close()
  }
})
