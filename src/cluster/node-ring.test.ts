import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConnection } from './connection.ts'
import { NodeRing } from './node-ring.ts'

async function ring(count: number): Promise<NodeRing> {
  const nodes = Array.from({ length: count }, (_, at) => `http://127.0.0.1:${at + 1}`)
  return new NodeRing(await resolveConnection('source', { nodes }), { rejectUnauthorized: true })
}

const ports = (nodes: NodeRing, count: number) => Array.from({ length: count }, () => nodes.next().address.port)

test('nodes take turns', async () => {
  assert.deepEqual(ports(await ring(3), 6), [1, 2, 3, 1, 2, 3])
})

test('a node that was not reached is set aside for a growing time', async () => {
  const nodes = await ring(2)
  const [first] = nodes.nodes
  assert.ok(first)
  const asideMs = (): number => {
    nodes.notReached(first)
    return Math.round(first.setAsideUntil - first.lastFailureAt)
  }
  assert.deepEqual([asideMs(), asideMs(), asideMs()], [1_000, 2_000, 4_000])
  assert.deepEqual(ports(nodes, 3), [2, 2, 2])
  for (let count = 0; count < 10; count++) nodes.notReached(first)
  assert.equal(asideMs(), 60_000)
  nodes.reached(first)
  assert.deepEqual(new Set(ports(nodes, 2)), new Set([1, 2]))
  assert.equal(asideMs(), 1_000)
})

test('with all nodes set aside, the one that failed longest ago is tried', async () => {
  const nodes = await ring(3)
  for (const at of [1, 0, 2]) {
    const node = nodes.nodes[at]
    assert.ok(node)
    nodes.notReached(node)
    node.lastFailureAt += at === 1 ? -1 : 1
  }
  assert.deepEqual(ports(nodes, 2), [2, 2])
})
