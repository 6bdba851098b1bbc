// The connection API of Amazon Elasticsearch Service, version 2015-01-01: the same connections in older shapes, with fewer states.
import type { ConnectionRecord, DomainInfo } from '../../../engine/connections/connection-record.ts'
import type { InboundState, OutboundState } from '../../../engine/connections/connection-states.ts'
import type { ConnectionsApi } from './connections-api.ts'
import { MemberReader, parseBody } from './read-members.ts'

export const api2015: ConnectionsApi = {
  path: '/2015-01-01/es/ccs',
  noun: 'CrossClusterSearchConnection',
  one: 'CrossClusterSearchConnection',
  many: 'CrossClusterSearchConnections',
  filters: {
    'cross-cluster-search-connection-id': 'id',
    'source-domain-info.domain-name': 'localDomain',
    'source-domain-info.owner-id': 'localOwner',
    'source-domain-info.region': 'localRegion',
    'destination-domain-info.domain-name': 'remoteDomain',
    'destination-domain-info.owner-id': 'remoteOwner',
    'destination-domain-info.region': 'remoteRegion',
  },
  filterText: { min: 1 },
  idRule: {},
  readCreate(body) {
    const reader = new MemberReader()
    const asked = parseBody(body)
    const local = readDomain(reader, asked.SourceDomainInfo, 'sourceDomainInfo')
    const remote = readDomain(reader, asked.DestinationDomainInfo, 'destinationDomainInfo')
    const alias = reader.requiredText(asked.ConnectionAlias, 'connectionAlias', { max: 20 })
    reader.finish()
    return { alias, local, remote, mode: 'DIRECT', skipUnavailable: 'DISABLED' }
  },
  renderCreated: renderOutbound,
  render: (record, direction) => (direction === 'outbound' ? renderOutbound(record) : renderInbound(record)),
}

function readDomain(reader: MemberReader, value: unknown, path: string): DomainInfo {
  const asked = reader.requiredMembers(value, path)
  const nameRule = { min: 3, max: 28, pattern: '[a-z][a-z0-9\\-]+' }
  return {
    domainName: value == null ? '' : reader.requiredText(asked.DomainName, `${path}.domainName`, nameRule),
    ownerId: reader.text(asked.OwnerId, `${path}.ownerId`, { min: 12, max: 12 }),
    region: reader.text(asked.Region, `${path}.region`),
  }
}

/** States that this version does not know, in the nearest of its own. */
const outboundWords: Partial<Record<OutboundState, string>> = { APPROVED: 'PROVISIONING', REJECTING: 'REJECTED' }
const inboundWords: Partial<Record<InboundState, string>> = { PROVISIONING: 'APPROVED', ACTIVE: 'APPROVED' }

function renderOutbound(record: ConnectionRecord): object {
  const state = outboundWords[record.outbound] ?? record.outbound
  return { ...renderShared(record, state), ConnectionAlias: record.alias }
}

function renderInbound(record: ConnectionRecord): object {
  return renderShared(record, inboundWords[record.inbound] ?? record.inbound)
}

function renderShared({ id, local, remote, message }: ConnectionRecord, state: string): object {
  return {
    SourceDomainInfo: renderDomain(local),
    DestinationDomainInfo: renderDomain(remote),
    CrossClusterSearchConnectionId: id,
    ConnectionStatus: { StatusCode: state, ...(message === undefined ? {} : { Message: message }) },
  }
}

const renderDomain = ({ ownerId, domainName, region }: DomainInfo): object => ({
  OwnerId: ownerId,
  DomainName: domainName,
  Region: region,
})
