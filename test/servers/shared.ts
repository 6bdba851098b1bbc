// Servers that somebody else has started: the user, or the owner of this test run.
import { describeServer, type ServerName } from './catalogue.ts'
import { ask } from './http.ts'
import type { Connection } from './start-server.ts'

/** A cluster of the user's own in place of one the launcher starts, such as INDEXFERRY_TEST_ELASTICSEARCH_7_10_2=https://user:password@host:9200 */
function externalVariable(name: ServerName): string {
  return `INDEXFERRY_TEST_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

export async function externalServer(name: ServerName): Promise<Connection | undefined> {
  const value = process.env[externalVariable(name)]
  if (!value) return undefined
  const url = new URL(value)
  const { flavour, version } = describeServer(name)
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  return {
    name,
    url: `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}`,
    flavour,
    version,
    httpPort: port,
    transportPort: 0,
    pid: 0,
    folder: '',
    repositoryFolder: '',
    ...(url.username ? { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } : {}),
  }
}

export async function ownersServer(name: ServerName): Promise<Connection | undefined> {
  const owner = process.env.INDEXFERRY_TEST_SERVERS
  if (!owner) return undefined
  const { status, body } = await ask(`${owner}/servers/${name}`, { method: 'POST' })
  if (status !== 200) throw new Error(body)
  return JSON.parse(body)
}
