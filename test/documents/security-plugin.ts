import type { Cluster } from '../../src/cluster/cluster.ts'
import type { JsonObject } from '../../src/model/json.ts'

/** All users, and all roles, are one document of the plugin, which another test may change at the same instant. */
const triesMax = 20

/** Changes a user, a role or a mapping of the OpenSearch security plugin: `internalusers/NAME`, `roles/NAME`, … */
export async function changeSecurity(
  cluster: Cluster,
  method: 'PUT' | 'DELETE',
  path: string,
  body?: JsonObject,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { status } = await cluster.json({
      method,
      path: `/_plugins/_security/api/${path}`,
      accept: tries < triesMax ? [404, 409] : [404],
      ...(body === undefined ? {} : { body }),
    })
    if (status !== 409) return
  }
}
