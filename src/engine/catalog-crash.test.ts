// Property: whatever a checkpoint call returned from is in the catalog, at whichever instant the process is killed, and the catalog can be
// opened and the copy taken over at once. A child process notes progress as fast as it can and says after each call which
// position is noted; it is killed (SIGKILL) after a random time, thirty times over the same catalog.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openCatalog } from './catalog.ts'

const kills = 30
const request = { key: 'k', command: 'copy a b', source: 'a', target: 'b' }

const program = `
  import { writeSync } from 'node:fs'
  import { openCatalog } from ${JSON.stringify(new URL('./catalog.ts', import.meta.url).href)}
  const writer = openCatalog(process.argv[1]).claimCopy(${JSON.stringify(request)})
  const ids = ['p0', 'p1', 'p2']
  writer.recordDefinition('i', { target: 'i' })
  writer.savePartitions('i', 0, ids.map((id) => ({ kind: 'file', id, index: 'i' })))
  let position = writer.listPartitions('i')[0].position ?? 0
  for (;;) {
    position++
    const counts = { read: position, written: position, rejected: 0, skipped: 0, bytes: position * 2 }
    writer.checkpoint({
      partitions: ids.map((id) => ({ index: 'i', id, position, isDone: false, counts })),
      files: [{ path: 'out', role: 'target', progress: { position } }],
    })
    writeSync(1, position + '\\n')
  }`

/** Runs the program for a while, kills it and gives the last position that it reported as noted. */
async function runAndKill(folder: string, lifetimeMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-100)
  })
  await once(child.stdout, 'data')
  await wait(lifetimeMs)
  child.kill('SIGKILL')
  await once(child, 'close')
  const lines = output.slice(0, output.lastIndexOf('\n')).split('\n')
  return Number(lines.at(-1))
}

test(`${kills} kills while checkpointing lose nothing that was noted`, { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-crash-'))
  try {
    let before = 0
    for (let kill = 0; kill < kills; kill++) {
      const reported = await runAndKill(folder, Math.random() * 40)
      assert.ok(reported > before, `the run goes on behind ${before}, it reported ${reported}`)
      using catalog = openCatalog(folder)
      const copy = catalog.listCopies()[0]
      assert.equal(copy?.isRunning, false)
      const writer = catalog.claimCopy(request)
      assert.equal(writer.isResumed, true)
      const partitions = writer.listPartitions('i')
      const position = partitions[0]?.position as number
      // The transaction behind the last report may have been committed as well, and no more than that one.
      assert.ok(position === reported || position === reported + 1, `reported ${reported}, noted ${position}`)
      for (const record of partitions) {
        assert.equal(record.position, position)
        assert.equal(record.counts.read, position)
      }
      assert.deepEqual(writer.listFiles()[0]?.progress, { position })
      writer.release('paused')
      before = position
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
