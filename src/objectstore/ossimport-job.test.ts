import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { parseOssimportJob } from './ossimport-job.ts'

const parse = (text: string) => parseOssimportJob(text, 'local_job.cfg')

const base = `
# Migrate from Amazon
srcType=s3
srcAccessKey="AKIDEXAMPLE"
srcSecretKey="a-long-secret"
srcDomain=s3.ap-southeast-1.amazonaws.com
srcBucket=eric-es-index-backups
srcPrefix=
destAccessKey=dest-key
destSecretKey=another-secret
destDomain=http://oss-cn-hangzhou-internal.aliyuncs.com
destBucket=eric-oss-aws-es-snapshot-s3
destPrefix=my/snapshot/directory/
`

test('the job of the document', () => {
  const job = parse(`${base}isSkipExistFile=true\nimportSince=1700000000\njobType=import\r\n`)
  assert.deepEqual(job, {
    action: 'copy',
    source: {
      location: {
        kind: 's3',
        bucket: 'eric-es-index-backups',
        prefix: '',
        endpoint: 'https://s3.ap-southeast-1.amazonaws.com',
      },
      settings: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-long-secret' },
    },
    target: {
      location: {
        kind: 'oss',
        bucket: 'eric-oss-aws-es-snapshot-s3',
        prefix: 'my/snapshot/directory/',
        endpoint: 'http://oss-cn-hangzhou-internal.aliyuncs.com',
      },
      settings: { accessKeyId: 'dest-key', secretAccessKey: 'another-secret' },
    },
    skipExisting: true,
    sinceMs: 1_700_000_000_000,
    level: undefined,
    notes: [],
  })
})

test('audits, folders and keys without effect', () => {
  const job = parse(
    `${base}jobType=audit\nauditMode=detail\nisSkipExistFile=true\njobName=local_test\nisSkipExistFiles=true`,
  )
  assert.deepEqual([job.action, job.level, job.skipExisting, job.sinceMs], ['audit', 'detailed', false, undefined])
  assert.equal(job.notes.length, 2)
  assert.match(job.notes[0] as string, /not understood and have no effect: isSkipExistFiles$/)
  assert.match(job.notes[1] as string, /without meaning here: jobName$/)
  const local = parse('srcType=local\nsrcPrefix=/data/snap/\ndestBucket=bucket-1')
  assert.deepEqual(local.source.location, { kind: 'folder', path: '/data/snap/', prefix: '' })
  assert.deepEqual(local.target.location, { kind: 'oss', bucket: 'bucket-1', prefix: '' })
})

test('what cannot be followed is refused', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    'jobType=delete': /jobType=delete/,
    'isIncremental=true': /isIncremental=true/,
    'importSince=yesterday': /importSince=yesterday/,
    'auditMode=deep': /auditMode=deep/,
    'srcType=qiniu': /srcType=qiniu/,
    'isSkipExistFile=maybe': /isSkipExistFile=maybe/,
    'destPrefix=/my/dir/': /no name in OSS begins with a slash/,
    'srcBucket=': /no srcBucket/,
    'a line': /no key=value in line/,
  }
  for (const [line, message] of Object.entries(wrong))
    assert.throws(
      () => parse(`${base}${line}`),
      (error: unknown) =>
        error instanceof IndexferryError && error.code === 'CONFIG_INVALID' && message.test(error.message),
      line,
    )
})
