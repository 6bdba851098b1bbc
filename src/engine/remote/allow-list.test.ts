import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AllowList, hostPattern, wildcard } from './allow-list.ts'
import { canonicalHost } from './host-form.ts'

/** Whether `host:port` is allowed, the host as a request would write it. */
function isAllowed(list: readonly string[], hostAndPort: string): boolean {
  const at = hostAndPort.lastIndexOf(':')
  const host = canonicalHost(hostAndPort.slice(0, at))
  return host !== undefined && new AllowList(list).allows(host, Number(hostAndPort.slice(at + 1)))
}

/** One line each: the list, what it allows, and what it does not. */
const cases: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
  [[], [], ['es.example.com:9200', 'localhost:9200', '10.0.0.1:9200']],
  [
    ['es.example.com:9200'],
    ['es.example.com:9200', 'ES.Example.COM:9200', 'es.example.com.:9200'],
    [
      'es.example.com:9201',
      'es.example.com:443',
      'a.es.example.com:9200',
      'es.example.com.evil.org:9200',
      'es.example.org:9200',
    ],
  ],
  [['ES.EXAMPLE.COM.:9200'], ['es.example.com:9200'], ['es.example.com..:9200', '.es.example.com:9200']],
  [['es.example.com'], [], ['es.example.com:9200', 'es.example.com:80']],
  [
    ['es.example.com:*'],
    ['es.example.com:1', 'es.example.com:65535'],
    ['es.example.co:9200', 'es.example.com.evil.org:9200'],
  ],
  [
    ['*.example.com:9200'],
    ['es.example.com:9200', '6e134134a1.us-east-1.aws.example.com:9200'],
    ['example.com:9200', 'es.example.com:9201', 'evilexample.com:9200', 'es.example.com.evil.org:9200'],
  ],
  [
    ['es*.example.com:9200'],
    ['es1.example.com:9200', 'es.example.com:9200', 'es.a.example.com:9200'],
    ['os.example.com:9200'],
  ],
  [['a*b*c:9200'], ['abc:9200', 'axbxc:9200', 'abbc:9200'], ['ac:9200', 'acb:9200', 'abcd:9200']],
  [['*:*'], ['es.example.com:9200', '10.1.2.3:80', '[2001:db8::1]:9200'], []],
  [['*:9200'], ['es.example.com:9200', '[2001:db8::1]:9200'], ['es.example.com:19200', 'es.example.com:92']],
  [['10.0.*:9200'], ['10.0.0.1:9200', '10.0.255.255:9200'], ['10.1.0.1:9200', '110.0.0.1:9200']],
  [
    ['one:1', 'two:2'],
    ['one:1', 'two:2'],
    ['one:2', 'two:1', 'onetwo:1'],
  ],
  [[' es.example.com:9200 '], ['es.example.com:9200'], []],
  [
    ['127.0.0.1:9200'],
    [
      '127.0.0.1:9200',
      '2130706433:9200',
      '0x7f.1:9200',
      '0x7f000001:9200',
      '0177.0.0.1:9200',
      '127.1:9200',
      '127.0.0.1.:9200',
      '１２７.０.０.１:9200',
    ],
    ['127.0.0.2:9200', '127.0.0.1:9201', '[::ffff:127.0.0.1]:9200', 'localhost:9200', '128.0.0.1:9200'],
  ],
  [['0x7f.1:9200'], ['127.0.0.1:9200'], ['127.0.0.2:9200']],
  [
    ['[::1]:*'],
    ['[::1]:9200', '[0:0:0:0:0:0:0:1]:9200', '[::0001]:9200', '[0::0.0.0.1]:9200'],
    ['[::2]:9200', '[::]:9200', '[::1%lo]:9200', '[::1%25lo]:9200'],
  ],
  [['::1:9200'], ['[::1]:9200', '::1:9200'], ['[::1]:9201']],
  [
    ['[2001:DB8::A]:9200'],
    ['[2001:db8::a]:9200', '[2001:db8:0:0::a]:9200'],
    ['[2001:db8::b]:9200', '[2001:db8::a:0]:9200'],
  ],
  [['[fe80::1%eth0]:9200'], [], ['[fe80::1%eth0]:9200', '[fe80::1]:9200']],
  [
    ['bücher.example:9200'],
    ['bücher.example:9200', 'BÜCHER.example:9200', 'xn--bcher-kva.example:9200'],
    ['bucher.example:9200'],
  ],
  [['xn--bcher-kva.example:9200'], ['bücher.example:9200', 'XN--BCHER-KVA.example:9200'], ['bücher.example:9201']],
  [['es.example.com:9200'], ['es。example。com:9200'], ['es.examp1e.com:9200', 'еs.example.com:9200']],
  [
    ['es.example.com:9200'],
    [],
    [
      'es.example.com@evil.org:9200',
      'evil.org@es.example.com:9200',
      'evil.org#es.example.com:9200',
      'evil.org/es.example.com:9200',
      'evil.org?es.example.com:9200',
      'evil.org\\es.example.com:9200',
      'es.example.com%2eevil.org:9200',
      'es.example%2ecom:9200',
      'es.exam\tple.com:9200',
      'es.exam\nple.com:9200',
      ' es.example.com:9200',
      'es.example.com\u0000:9200',
      '[es.example.com]:9200',
      'es.example.com:80:9200',
      '*.example.com:9200',
      '*:9200',
      ':9200',
      '..:9200',
    ],
  ],
  [
    ['*.example.com:9200'],
    ['a.example.com:9200'],
    ['evil.org#.example.com:9200', 'evil.org/.example.com:9200', '*.example.com:9200'],
  ],
  [['es?.example.com:9200'], [], ['es1.example.com:9200', 'es.example.com:9200']],
  [['es.*.com:9200'], ['es.example.com:9200'], ['esxexample.com:9200']],
  [['https://es.example.com:9200'], [], ['es.example.com:9200']],
]

test('what a list allows, and what not', () => {
  let count = 0
  for (const [list, allowed, refused] of cases) {
    for (const host of allowed) assert.equal(isAllowed(list, host), true, `[${list}] allows ${host}`)
    for (const host of refused) assert.equal(isAllowed(list, host), false, `[${list}] refuses ${JSON.stringify(host)}`)
    count += allowed.length + refused.length
  }
  assert.ok(count > 100, `${count} cases`)
})

test('labels and names have a length', () => {
  assert.equal(canonicalHost(`${'a'.repeat(63)}.example.com`) === undefined, false)
  assert.equal(canonicalHost(`${'a'.repeat(64)}.example.com`), undefined)
  assert.equal(canonicalHost(`${'a.'.repeat(130)}com`), undefined)
})

test('a list that allows everything is refused at the start, in the words of the servers', () => {
  for (const list of [['*'], ['**'], ['***'], ['realstuff', '*'], ['*', 'realstuff'], [' * ']]) {
    assert.throws(() => new AllowList(list), {
      code: 'CONFIG_INVALID',
      message:
        /^Refusing to start because allowlist \[.*\*.*\] accepts all addresses\. This would allow users to reindex-from-remote any URL/,
    })
  }
})

test('a host is named by entries without a wildcard before the port', () => {
  const list = new AllowList(['localhost:9200', 'one:*', '*.two:9200', '127.*:9200', '[::1]:9200'])
  assert.equal(list.names('localhost', 9200), true)
  assert.equal(list.names('localhost', 9201), false)
  assert.equal(list.names('one', 1), true)
  assert.equal(list.names('a.two', 9200), false)
  assert.equal(list.names('127.0.0.1', 9200), false)
  assert.equal(list.names('::1', 9200), true)
})

test('the hosts of a rule may lack the port', () => {
  for (const pattern of [
    'es.example.com',
    'es.example.com:9200',
    'es.example.com:*',
    '*.example.com',
    '*',
    '*:9200',
    'es.*:9200',
  ]) {
    assert.equal(hostPattern(pattern)('es.example.com', 9200), true, pattern)
    assert.equal(hostPattern(pattern)('es.example.org', 9201), pattern === '*', pattern)
  }
  assert.equal(hostPattern('[2001:db8::1]')('2001:db8::1', 9200), true)
  assert.equal(hostPattern('2001:db8::1')('2001:db8::1', 9200), true)
})

test('a wildcard pattern takes no longer for being malicious', () => {
  const started = performance.now()
  assert.equal(wildcard(`${'*a'.repeat(200)}*b`)('a'.repeat(50_000)), false)
  assert.ok(performance.now() - started < 1_000)
})
