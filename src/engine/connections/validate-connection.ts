// Whether a connection that was asked for can be: both domains are in the configuration as the call says, and both clusters answer.
import { openCluster } from '../../cluster/open-cluster.ts'
import { asIndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { DomainInfo, NewConnection } from './connection-record.ts'
import { type Domain, type Domains, findDomain } from './domain.ts'
import { Forwarder } from './forwarder.ts'
import { openOnwardSocket } from './onward-socket.ts'
import { routeTo } from './route-to-domain.ts'

const connectTimeoutMs = 10_000
const answerTimeoutMs = 20_000
/** Of everything together, retries included. */
const patienceMs = 60_000

/** Why it cannot be, or undefined when it can. There are no rules on versions: any may be connected with any. */
export async function findObstacle(
  { local, remote }: Pick<NewConnection, 'local' | 'remote'>,
  domains: Domains,
  stop: AbortSignal,
): Promise<string | undefined> {
  const mismatch =
    compareWithConfiguration('local', local, domains) ?? compareWithConfiguration('remote', remote, domains)
  if (mismatch) return mismatch
  if (local.domainName === remote.domainName)
    return `The local and the remote domain are the same, ${local.domainName}.`
  return (await findSilence('remote', remote, domains, stop)) ?? (await findSilence('local', local, domains, stop))
}

function compareWithConfiguration(side: string, asked: DomainInfo, domains: Domains): string | undefined {
  const { domainName: name, ownerId, region } = asked
  const domain = findDomain(domains, name)
  if (!domain) return `The ${side} domain ${name} is unknown: it is not among the domains of the configuration.`
  if (ownerId !== undefined && ownerId !== domain.owner) {
    return `The ${side} domain ${name} does not belong to the owner ${ownerId}.`
  }
  if (region !== undefined && region !== domain.region) {
    return `The ${side} domain ${name} is not in the region ${region}.`
  }
  return undefined
}

async function findSilence(
  side: 'local' | 'remote',
  { domainName }: DomainInfo,
  domains: Domains,
  stop: AbortSignal,
): Promise<string | undefined> {
  const domain = findDomain(domains, domainName) as Domain
  const patience = AbortSignal.any([AbortSignal.timeout(patienceMs), stop])
  const outOfPatience = new Promise<never>((_, reject) => {
    patience.addEventListener('abort', () => reject(new Error(`no answer within ${patienceMs / 1000} seconds`)))
  })
  try {
    await Promise.race([askCluster(side, domain), outOfPatience])
    return undefined
  } catch (error) {
    // Where the configuration has no credentials, each `_reindex` call brings its own: that somebody asks for them is enough.
    const { authentication: { kind } = { kind: 'none' } } = domain
    if (kind === 'none' && isErrorOf(error, ...lockedDoors)) return undefined
    const reason = asIndexferryError(error).message
    return `The cluster of the ${side} domain ${domainName} is not reachable: ${reason}`
  }
}

async function askCluster(side: 'local' | 'remote', domain: Domain): Promise<void> {
  const { url, authentication, tls, proxy } = domain
  const connection = { nodes: [url], authentication, tls, connectTimeoutMs, readTimeoutMs: answerTimeoutMs }
  const clusterSide = side === 'remote' ? 'source' : 'target'
  if (proxy === undefined) {
    await using _ = await openCluster(clusterSide, connection)
    return
  }
  // The proxy's own words get lost behind a forwarder: ask it first.
  const probe = await openOnwardSocket(routeTo(domain), connectTimeoutMs)
  probe.destroy()
  await using forwarder = await Forwarder.listen(anyPort, routeTo(domain), () => {})
  const via = { host: forwarder.address, port: forwarder.port }
  await using _ = await openCluster(clusterSide, { ...connection, via })
}

const lockedDoors = ['CREDENTIALS_WRONG', 'CREDENTIALS_MISSING', 'PRIVILEGE_MISSING'] as const

const anyPort = { host: '127.0.0.1', ports: undefined, preferred: undefined }
