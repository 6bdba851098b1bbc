// The connection API of Amazon OpenSearch Service, version 2021-01-01. Shapes and limits are those of botocore's model.
import type { ConnectionRecord, DomainInfo } from '../../../engine/connections/connection-record.ts'
import { endpointName } from '../../../engine/connections/endpoint-name.ts'
import type { ConnectionsApi } from './connections-api.ts'
import { MemberReader, parseBody } from './read-members.ts'

export const api2021: ConnectionsApi = {
  path: '/2021-01-01/opensearch/cc',
  noun: 'Connection',
  one: 'Connection',
  many: 'Connections',
  filters: {
    'connection-id': 'id',
    'local-domain-info.domain-name': 'localDomain',
    'local-domain-info.owner-id': 'localOwner',
    'local-domain-info.region': 'localRegion',
    'remote-domain-info.domain-name': 'remoteDomain',
    'remote-domain-info.owner-id': 'remoteOwner',
    'remote-domain-info.region': 'remoteRegion',
  },
  filterText: { min: 1, max: 100, pattern: '[a-zA-Z0-9\\-\\_\\.]+' },
  idRule: { min: 10, max: 256, pattern: '[a-z][a-z0-9\\-]+' },
  readCreate(body) {
    const reader = new MemberReader()
    const asked = parseBody(body)
    const local = readDomain(reader, asked.LocalDomainInfo, 'localDomainInfo')
    const remote = readDomain(reader, asked.RemoteDomainInfo, 'remoteDomainInfo')
    const alias = reader.requiredText(asked.ConnectionAlias, 'connectionAlias', aliasRule)
    const mode = reader.text(asked.ConnectionMode, 'connectionMode', { values: ['DIRECT', 'VPC_ENDPOINT'] })
    const skipUnavailable = readSkipUnavailable(reader, asked.ConnectionProperties)
    reader.finish()
    return {
      alias,
      local,
      remote,
      mode: mode === 'VPC_ENDPOINT' ? 'VPC_ENDPOINT' : 'DIRECT',
      skipUnavailable: skipUnavailable === 'ENABLED' ? 'ENABLED' : 'DISABLED',
    }
  },
  renderCreated: renderOutbound,
  render: (record, direction) => (direction === 'outbound' ? renderOutbound(record) : renderInbound(record)),
}

const aliasRule = { min: 2, max: 100, pattern: '[a-zA-Z][a-zA-Z0-9\\-\\_]+' }
const ownerRule = { min: 12, max: 12, pattern: '[0-9]+' }
const domainRule = { min: 3, max: 28, pattern: '[a-z][a-z0-9\\-]+' }
const regionRule = { min: 5, max: 30, pattern: '[a-z][a-z0-9\\-]+' }

function readDomain(reader: MemberReader, value: unknown, path: string): DomainInfo {
  const container = reader.requiredMembers(value, path)
  const inner = `${path}.aWSDomainInformation`
  const asked = value == null ? {} : reader.requiredMembers(container.AWSDomainInformation, inner)
  const isGiven = value != null && container.AWSDomainInformation != null
  return {
    domainName: isGiven ? reader.requiredText(asked.DomainName, `${inner}.domainName`, domainRule) : '',
    ownerId: reader.text(asked.OwnerId, `${inner}.ownerId`, ownerRule),
    region: reader.text(asked.Region, `${inner}.region`, regionRule),
  }
}

/** `Endpoint` cannot be chosen: it is checked and ignored. */
function readSkipUnavailable(reader: MemberReader, value: unknown): string | undefined {
  const properties = reader.members(value, 'connectionProperties')
  reader.text(properties?.Endpoint, 'connectionProperties.endpoint', { pattern: '[A-Za-z0-9\\-\\.]+' })
  const path = 'connectionProperties.crossClusterSearch'
  const search = reader.members(properties?.CrossClusterSearch, path)
  return reader.text(search?.SkipUnavailable, `${path}.skipUnavailable`, { values: ['ENABLED', 'DISABLED'] })
}

function renderOutbound(record: ConnectionRecord): object {
  const { alias, mode, skipUnavailable, outbound } = record
  const hasEndpoint = mode === 'VPC_ENDPOINT' && outbound === 'ACTIVE'
  return {
    ...renderShared(record, outbound),
    ConnectionAlias: alias,
    ConnectionProperties: {
      ...(hasEndpoint ? { Endpoint: endpointName(record) } : {}),
      CrossClusterSearch: { SkipUnavailable: skipUnavailable },
    },
  }
}

const renderInbound = (record: ConnectionRecord): object => renderShared(record, record.inbound)

function renderShared({ id, local, remote, mode, message }: ConnectionRecord, state: string): object {
  return {
    LocalDomainInfo: renderDomain(local),
    RemoteDomainInfo: renderDomain(remote),
    ConnectionId: id,
    ConnectionStatus: { StatusCode: state, ...(message === undefined ? {} : { Message: message }) },
    ConnectionMode: mode,
  }
}

const renderDomain = ({ ownerId, domainName, region }: DomainInfo): object => ({
  AWSDomainInformation: { OwnerId: ownerId, DomainName: domainName, Region: region },
})
