// Requests and answers of Amazon's calls for connections, in both versions of its API.
import { z } from 'zod'

export const apiError = z
  .looseObject({ message: z.string() })
  .meta({ id: 'ApiError', description: 'The header x-amzn-ErrorType names the error.' })

const owner = z.string().regex(/^\d{12}$/)
const domainName = z.string().regex(/^[a-z][a-z0-9-]{2,27}$/)

export const pageRequest = z
  .object({
    Filters: z.array(z.object({ Name: z.string(), Values: z.array(z.string()).min(1) })).optional(),
    MaxResults: z.int().min(0).max(100).optional(),
    NextToken: z.string().optional(),
  })
  .meta({ id: 'ConnectionPageRequest' })

const domain2021 = z
  .object({
    AWSDomainInformation: z.object({
      DomainName: domainName,
      OwnerId: owner.optional(),
      Region: z.string().optional(),
    }),
  })
  .meta({ id: 'DomainInformationContainer' })

const mode = z.enum(['DIRECT', 'VPC_ENDPOINT'])

const properties = z
  .object({
    Endpoint: z.string().optional().describe('Host to give as source.remote.host, once the connection is ACTIVE.'),
    CrossClusterSearch: z.object({ SkipUnavailable: z.enum(['ENABLED', 'DISABLED']).optional() }).optional(),
  })
  .meta({ id: 'ConnectionProperties' })

export const createConnection2021 = z
  .object({
    LocalDomainInfo: domain2021,
    RemoteDomainInfo: domain2021,
    ConnectionAlias: z.string().regex(/^[a-zA-Z][a-zA-Z0-9\-_]{1,99}$/),
    ConnectionMode: mode.optional(),
    ConnectionProperties: properties.optional(),
  })
  .meta({ id: 'CreateOutboundConnectionRequest' })

const status = z.object({ StatusCode: z.string(), Message: z.string().optional() }).meta({ id: 'ConnectionStatus' })

const inbound = {
  LocalDomainInfo: domain2021,
  RemoteDomainInfo: domain2021,
  ConnectionId: z.string(),
  ConnectionStatus: status,
  ConnectionMode: mode,
}

export const inbound2021 = z.object(inbound).meta({ id: 'InboundConnection' })
export const outbound2021 = z
  .object({ ...inbound, ConnectionAlias: z.string(), ConnectionProperties: properties })
  .meta({ id: 'OutboundConnection' })

const domain2015 = z
  .object({ DomainName: domainName, OwnerId: owner.optional(), Region: z.string().optional() })
  .meta({ id: 'DomainInformation' })

export const createConnection2015 = z
  .object({
    SourceDomainInfo: domain2015,
    DestinationDomainInfo: domain2015,
    ConnectionAlias: z.string().max(20),
  })
  .meta({ id: 'CreateOutboundCrossClusterSearchConnectionRequest' })

const inbound2015Fields = {
  SourceDomainInfo: domain2015,
  DestinationDomainInfo: domain2015,
  CrossClusterSearchConnectionId: z.string(),
  ConnectionStatus: status,
}

export const inbound2015 = z.object(inbound2015Fields).meta({ id: 'InboundCrossClusterSearchConnection' })
export const outbound2015 = z
  .object({ ...inbound2015Fields, ConnectionAlias: z.string() })
  .meta({ id: 'OutboundCrossClusterSearchConnection' })
