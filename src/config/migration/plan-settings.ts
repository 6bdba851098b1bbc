// The parts of a plan file that no other file has: repositories, stores, and settings that a server reads.
import { resolve } from 'node:path'
import { isErrorOf, registerSecret } from '../../foundation/errors.ts'
import { choice, text } from '../../foundation/option.ts'
import { isSecretSetting } from '../../mechanism/snapshot/repository-settings.ts'
import type { RepositoryPlan, StorePlan } from '../../migration/snapshot-journey/journey-plan.ts'
import type { JsonObject } from '../../model/json.ts'
import { type ObjectLocation, parseObjectLocation } from '../../model/object-location.ts'
import { plainSettings } from '../../objectstore/store-settings.ts'
import { type ConfigMap, isConfigMap, isConfigText, missingValue } from '../gateway/config-tree.ts'
import {
  fileSetting,
  type SettingDescription,
  secretFileSetting,
  secretSetting,
  section,
  setting,
  settingWithDefault,
  specialSetting,
} from '../gateway/setting.ts'
import { booleanType } from '../gateway/setting-types.ts'

/** Settings as a server knows them, flat: `index.number_of_replicas`. Texts all, which servers take for every kind. */
export const serverSettings = (description: SettingDescription) =>
  specialSetting<JsonObject>({ takes: 'SETTINGS', ...description }, (node, refuse) => {
    if (isConfigText(node) && node.written === '') return {}
    if (!isConfigMap(node)) {
      refuse('must be a map of settings')
      return undefined
    }
    const flat: JsonObject = {}
    const wrong = flatten(node, '', flat)
    if (wrong === undefined) return flat
    refuse(wrong)
    return undefined
  })

/** Resolves with what is wrong. */
function flatten(map: ConfigMap, prefix: string, flat: JsonObject): string | undefined {
  for (const [name, node] of Object.entries(map)) {
    const full = `${prefix}${name}`
    if (isConfigText(node)) {
      if (node.value.includes(missingValue)) return missingValue
      if (isSecretSetting(full)) registerSecret(node.value)
      flat[full] = node.value
    } else if (isConfigMap(node)) {
      const wrong = flatten(node, `${full}.`, flat)
      if (wrong !== undefined) return wrong
    } else return `has a list as ${full}; servers take a text with commas`
  }
  return undefined
}

export const repositorySection = section(
  { help: 'The snapshot repository, as its cluster knows it.' },
  {
    name: setting(text, { help: 'Name on this cluster.', example: 'eric-snapshot-repository' }),
    type: setting(text, { help: 'Type: s3, oss, fs, gcs, azure, hdfs or what a plugin brings.', example: 's3' }),
    settings: serverSettings({ help: 'Its settings. On the target `readonly: true` is added.' }),
    replace: settingWithDefault(booleanType, 'false', {
      help: 'Register it although a repository of this name is there with other settings.',
    }),
  },
).transform(({ name, type, settings, replace }): RepositoryPlan => ({ name, type, settings, replace }))

const optionalText = (help: string) => setting(text, { help }).optional()

const placeForms = 'a place such as s3://bucket/base/path, oss://bucket/base/path or file:///folder'

/** As for `indexferry object`, but a relative folder is one beside the plan. */
const placeSetting = (description: SettingDescription) =>
  specialSetting<ObjectLocation>({ takes: 'LOCATION', ...description }, (node, refuse) => {
    if (!isConfigText(node)) {
      refuse(`must be ${placeForms}`)
      return undefined
    }
    if (node.value.includes(missingValue)) {
      refuse(missingValue)
      return undefined
    }
    try {
      const location = parseObjectLocation(node.value, 'SOURCE')
      return location.kind === 'folder' ? { ...location, path: resolve(node.folder, location.path) } : location
    } catch (error) {
      if (!isErrorOf(error, 'LOCATION_INVALID')) throw error
      refuse(`has a value that is not ${placeForms}`)
      return undefined
    }
  })

export const storeSection = section(
  {
    help: 'Where indexferry finds the objects of the repository. On neither side: both repositories are one place, and nothing is moved.',
  },
  {
    location: placeSetting({
      help: 'Bucket with its base path, or folder, as for `indexferry object`. A relative folder is one beside the plan.',
      example: 's3://eric-es-index-backups/snap',
    }),
    endpoint: optionalText('Address of the service, where it is not in the location.'),
    region: optionalText('Region of the bucket.'),
    access_key_id: optionalText('Access key; without it, the usual chain of the vendor is asked.'),
    secret_access_key: secretSetting({ help: 'Its secret.' }).optional(),
    secret_access_key_file: secretFileSetting({ help: 'File that holds the secret.' }).optional(),
    profile: optionalText('Profile of the AWS or Alibaba Cloud configuration files.'),
    role: optionalText('AWS role to assume.'),
    metadata_credentials: settingWithDefault(booleanType, 'false', {
      help: 'Ask the metadata service of this AWS machine when nothing else has credentials.',
    }),
    ca: fileSetting({ help: 'CA certificates (PEM) to trust instead of those of this machine.' }).optional(),
    insecure: settingWithDefault(booleanType, 'false', { help: 'Do not check the certificate.' }),
    storage_class: optionalText('Storage class of the objects that are written.'),
    acl: optionalText('Canned ACL of the objects that are written.'),
    encryption: setting(choice('AES256', 'aws:kms'), {
      help: 'Server-side encryption of the objects that are written.',
    }).optional(),
    encryption_key: optionalText('Key of aws:kms.'),
  },
).transform((values): StorePlan => {
  const secret = values.secret_access_key ?? values.secret_access_key_file
  registerSecret(secret)
  return {
    location: values.location,
    settings: {
      ...plainSettings,
      endpoint: values.endpoint,
      region: values.region,
      accessKeyId: values.access_key_id,
      secretAccessKey: secret,
      profile: values.profile,
      role: values.role,
      metadataCredentials: values.metadata_credentials,
      ca: values.ca,
      insecure: values.insecure,
    },
    writing: {
      storageClass: values.storage_class,
      acl: values.acl,
      encryption: values.encryption,
      encryptionKey: values.encryption_key,
    },
  }
})
