import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainZone, zonedName } from './private-link.ts'

const domain = 'cn-hangzhou.privatelink.aliyuncs.com'
const zoned = `ep-bp1abc-cn-hangzhou-i.epsrv-bp1def.${domain}`
const plain = `ep-bp1abc.epsrv-bp1def.${domain}`

test('the zone in the name of an endpoint', () => {
  const other = (endpoint: string, region: string) => `${endpoint}.epsrv-t4n.${region}.privatelink.aliyuncs.com`
  assert.deepEqual(zonedName(zoned), { withoutZone: plain, zone: '-cn-hangzhou-i' })
  assert.deepEqual(zonedName(zoned.toUpperCase()), { withoutZone: plain, zone: '-cn-hangzhou-i' })
  for (const [zone, region] of [
    ['-ap-southeast-1a', 'ap-southeast-1'],
    ['-cn-shanghai-finance-1b', 'cn-shanghai-finance-1'],
    ['-us-west-1-c', 'us-west-1'],
    ['-cn-beijing-h', 'cn-beijing'],
  ] as const) {
    assert.deepEqual(zonedName(other(`ep-x1${zone}`, region)), { withoutZone: other('ep-x1', region), zone })
  }
  for (const host of [
    plain,
    other('ep-x1-cn-beijing-h', 'cn-hangzhou'),
    'ep-x-cn-hangzhou-i.example.com',
    'es.example.com',
  ]) {
    assert.equal(zonedName(host), undefined, host)
  }
})

test('the zone as the reason of a refusal, in both directions', () => {
  assert.match(
    explainZone(zoned, 9200, ['other:9200', `${plain}:9200`]) ?? '',
    new RegExp(`without the zone segment -cn-hangzhou-i; ask for ${plain}:9200`),
  )
  assert.match(
    explainZone(plain, 9200, [`${zoned}:9200`]) ?? '',
    /with the zone segment -cn-hangzhou-i; take it out of the list/,
  )
  assert.match(explainZone(zoned, 9200, [`ep-bp1*.epsrv-bp1def.${domain}:*`]) ?? '', /without the zone segment/)
  assert.match(
    explainZone(plain, 9200, [`ep-bp1*-cn-hangzhou-i.epsrv-*.${domain}:9200`]) ?? '',
    /with the zone segment/,
  )
  assert.equal(explainZone(zoned, 9201, [`${plain}:9200`]), undefined)
  assert.equal(explainZone(plain, 9200, []), undefined)
  assert.equal(explainZone('es.example.com', 9200, [`${zoned}:9200`]), undefined)
})
