// When calls that go on in the cluster are over, and what is made of answers that do not say.
import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { RunningTasks, type TasksTold, tasksIn } from './running-tasks.ts'

const node = (...tasks: string[]) => ({ tasks: Object.fromEntries(tasks.map((task) => [task, { action: 'x' }])) })

test('an answer that lacks a node does not say that nothing runs', () => {
  assert.equal(tasksIn({ nodes: {} }), 'none')
  assert.equal(tasksIn({ nodes: { a: node() } }), 'none')
  assert.equal(tasksIn({ nodes: { a: node('a:1') }, node_failures: [{ type: 'x' }] }), 'running')
  assert.equal(tasksIn({ nodes: { a: node() }, node_failures: [{ type: 'x' }] }), 'unknown')
  assert.equal(tasksIn({ nodes: {}, task_failures: [{ type: 'x' }] }), 'unknown')
  assert.equal(tasksIn({}), 'unknown')
})

/** How many questions are asked until the end; each is answered by what is left of `answers`, the last one again and again. */
async function questions(context: TestContext, answers: (TasksTold | Error)[]): Promise<number> {
  mock.timers.enable({ apis: ['setTimeout'] })
  context.after(() => mock.timers.reset())
  using tasks = new RunningTasks()
  let asked = 0
  let isOver = false
  const ticket = {
    renew: () => {},
    lost: () => {
      isOver = true
    },
  }
  tasks.watch(ticket, async () => {
    asked++
    const told = answers.length > 1 ? answers.shift() : answers[0]
    if (told instanceof Error) throw told
    return told as TasksTold
  })
  for (let ticks = 0; ticks < 1_000 && !isOver; ticks++) {
    mock.timers.tick(3_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return isOver ? asked : Number.POSITIVE_INFINITY
}

test('it is asked until nothing runs', async (context) => {
  assert.equal(await questions(context, ['running', new Error('no answer'), 'unknown', 'none']), 4)
})

test('questions without an answer come to an end, whether they fail or do not say', async (context) => {
  assert.equal(await questions(context, [new Error('no answer')]), 200)
  mock.timers.reset()
  assert.equal(await questions(context, ['unknown']), 200)
})
