import type { Connection } from '../../cluster/connection.ts'
import type { GatewayConfig } from './gateway-config.ts'

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/

/** The parts that matter here, of a configuration or of a file alone. */
type Exposed = Pick<GatewayConfig, 'listen' | 'access' | 'reindex' | 'domains'> & {
  readonly tls?: GatewayConfig['tls']
  readonly cluster?: Connection | undefined
  readonly standby?: Connection | undefined
}

/** What lets more people in than was probably meant; none of it is refused. */
export function exposures({ listen, tls, cluster, standby, access, reindex, domains }: Exposed): string[] {
  const warnings: string[] = []
  const isReachable = !loopback.test(listen.host)
  const hasUsers = access.users.length + access.apiKeys.length > 0
  const where = `the gateway listens at ${listen.host}, which other machines reach`
  if (isReachable && access.clusterCredentials === 'own' && !hasUsers) {
    warnings.push(
      `${where}, and everybody may use its own credentials for the cluster; name users or keys under access`,
    )
  }
  if (isReachable && !tls) {
    warnings.push(
      `${where}, by plain HTTP: credentials go over the network unencrypted; give it a certificate under tls`,
    )
  }
  if (hasUsers && access.clusterCredentials === 'caller') {
    warnings.push(
      'users and keys under access go on to the cluster as they are, which must know them, too; set access.cluster_credentials to own, unless it does',
    )
  }
  const unchecked = [
    ...(cluster?.tls?.verify === false ? ['the cluster'] : []),
    ...(standby?.tls?.verify === false ? ['the standby'] : []),
    ...reindex.remotes.filter((remote) => remote.tls?.verify === false).map(({ hosts }) => `the remote ${hosts}`),
    ...Object.entries(domains)
      .filter(([, domain]) => domain.tls?.verify === false)
      .map(([name]) => `the domain ${name}`),
  ]
  for (const what of unchecked) {
    warnings.push(`the certificate of ${what} is not verified: whoever is in between can read and change everything`)
  }
  return warnings
}
