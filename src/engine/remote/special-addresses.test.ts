import assert from 'node:assert/strict'
import { test } from 'node:test'
import { specialKind } from './special-addresses.ts'

const kinds: Readonly<Record<string, readonly string[]>> = {
  'metadata service': [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '::ffff:100.100.100.200',
  ],
  loopback: [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
  ],
  'link-local': ['169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:169.254.1.1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  'multicast or reserved': ['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', 'ff02::1', '::ffff:224.0.0.1'],
}

test('special addresses are known in every form', () => {
  for (const [kind, addresses] of Object.entries(kinds)) {
    for (const address of addresses) assert.equal(specialKind(address), kind, address)
  }
})

test('addresses that a cluster may have', () => {
  for (const address of [
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '8.8.8.8',
    '100.100.100.201',
    '169.253.1.1',
    '128.0.0.1',
  ]) {
    assert.equal(specialKind(address), undefined, address)
  }
  for (const address of [
    '2001:db8::1',
    'fd00::1',
    'fec0::1',
    '::ffff:10.0.0.1',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ]) {
    assert.equal(specialKind(address), undefined, address)
  }
})
