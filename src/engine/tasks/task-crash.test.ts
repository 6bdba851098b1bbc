// Property: at whichever instant a gateway is killed, every task that was said to be started goes on from where its journal stood, with the
// counters that belong to that place, and ends once. A child process runs slow tasks that say what they do; it is killed
// (SIGKILL) after a random time, again and again, until one run is left to end.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReindexStatus } from '../../model/reindex.ts'
import { openGatewayDatabase } from '../gateway-database.ts'
import { openTaskRunner } from './task-runner.ts'

const kills = 12
const taskCount = 6
/** Of each of the two partitions of a task. */
const steps = 150

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)

const program = `
  import { writeSync } from 'node:fs'
  import { setTimeout as wait } from 'node:timers/promises'
  import { openGatewayDatabase } from ${here('../gateway-database.ts')}
  import { openTaskRunner } from ${here('./task-runner.ts')}
  import { statusBefore } from ${here('./task-status.ts')}
  const say = (...words) => writeSync(1, words.join(' ') + '\\n')
  const run = async ({ request, journal, onStatus }) => {
    const name = request.dest.index
    if (journal.listPartitions().length === 0) {
      const partitions = ['p', 'q'].map((id) => ({
        partition: { kind: 'sequence', id, index: 'a', shard: 0, from: 0, to: ${steps} }, slice: 0, position: 0, isDone: false
      }))
      journal.savePartitions(partitions, ${2 * steps})
    }
    let status = journal.lastStatus().status
    await Promise.all(journal.listPartitions().map(async ({ partition: { id }, position, isDone }) => {
      say('begin', name, id, position)
      for (let at = position; !isDone && at < ${steps}; at++) {
        status = { ...status, created: status.created + 1 }
        onStatus(status)
        journal.note({ id, position: at + 1, isDone: at + 1 === ${steps} }, status)
        say('at', name, id, at + 1)
        if (at % 20 === 7) {
          await journal.flush()
          say('noted', name, id, at + 1)
        } else await wait(1)
      }
    }))
    return { status, tookMs: 1, timedOut: false, failures: [], notes: [] }
  }
  const database = openGatewayDatabase(process.argv[1])
  const tasks = await openTaskRunner({ database, run, tasksMax: 3, keepFinishedMs: 1e9,
    onEvent: ({ kind, task }) => say(kind, task.number) })
  tasks.resume()
  let n = 1
  while (tasks.get(tasks.nodeId + ':' + n)) n++
  for (; n <= ${taskCount}; n++) {
    const request = { source: { index: ['a'] }, dest: { index: 'b' + n }, slices: 1, requestsPerSecond: Infinity }
    const { number } = await tasks.start({ request, description: 'task ' + n, clusterHeaders: { authorization: 'x' }, headers: {} })
    say('started', number)
  }
  for (const { id } of tasks.listRunning()) await tasks.wait(id, undefined, new AbortController().signal)
  say('all ended')
  process.exit(0)`

/** What the program said until it ended or was killed. */
async function runFor(folder: string, lifetimeMs: number | undefined): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // It may have ended by itself before it is killed.
  const closed = once(child, 'close')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  if (lifetimeMs !== undefined) {
    await Promise.race([once(child.stdout, 'data'), closed])
    await wait(lifetimeMs)
    child.kill('SIGKILL')
  }
  await closed
  return output.slice(0, output.lastIndexOf('\n')).split('\n')
}

/** What was said of each partition and of each task. */
class Story {
  readonly started = new Set<string>()
  readonly ended = new Set<string>()
  private readonly noted = new Map<string, number>()
  private readonly reached = new Map<string, number>()

  take(line: string): void {
    const [verb = '', task = '', partition = '', at = ''] = line.split(' ')
    const key = `${task} ${partition}`
    const position = Number(at)
    if (verb === 'started') this.started.add(task)
    if (verb === 'ended') {
      assert.ok(!this.ended.has(task), `task ${task} ended once`)
      this.ended.add(task)
    }
    if (verb === 'noted') this.noted.set(key, position)
    if (verb === 'at') this.reached.set(key, position)
    if (verb !== 'begin') return
    assert.ok(!this.ended.has(task.slice(1)), `task ${task} had ended and ran again`)
    const [least, most] = [this.noted.get(key) ?? 0, this.reached.get(key) ?? 0]
    assert.ok(position >= least, `${key} begins at ${position}, noted was ${least}`)
    // The step behind the last one that was said may have been noted as well.
    assert.ok(position <= most + 1, `${key} begins at ${position}, it had come to ${most}`)
  }
}

test(`${kills} kills of a gateway with running tasks: each ends once, from where it stood`, {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-task-crash-'))
  try {
    const story = new Story()
    for (let kill = 0; kill < kills; kill++)
      for (const line of await runFor(folder, Math.random() * 120)) story.take(line)
    const last = await runFor(folder, undefined)
    for (const line of last) story.take(line)
    assert.equal(last.at(-1), 'all ended')
    using database = openGatewayDatabase(folder)
    const unused = () => Promise.reject(new Error('nothing is left to run'))
    await using tasks = await openTaskRunner({ database, run: unused, tasksMax: 1, keepFinishedMs: 1e9 })
    assert.deepEqual(tasks.listRunning(), [])
    for (let n = 1; n <= taskCount; n++) {
      const record = tasks.get(`${tasks.nodeId}:${n}`)
      assert.equal(record?.state, 'completed', `task ${n}: ${JSON.stringify(record?.error)}`)
      const { total, created }: Partial<ReindexStatus> = record.outcome?.status ?? {}
      assert.deepEqual([total, created], [2 * steps, 2 * steps], `counters of task ${n}`)
    }
    assert.equal(tasks.get(`${tasks.nodeId}:${taskCount + 1}`), undefined)
    assert.ok(story.started.size > 0 && story.ended.size > 0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
