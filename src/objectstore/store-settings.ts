// How one side is reached and written, as the options of that side say.
export interface StoreSettings {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly pathStyle: 'auto' | 'on' | 'off'
  /** Whose way of signing, and of naming headers. */
  readonly signature: 'auto' | 's3' | 'oss'
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  readonly sessionToken?: string | undefined
  readonly profile?: string | undefined
  readonly role?: string | undefined
  readonly metadataCredentials: boolean
  readonly anonymous: boolean
  readonly requesterPays: boolean
  readonly ca?: string | undefined
  readonly insecure: boolean
  readonly connectTimeout: number
  readonly readTimeout: number
  /** Keys in one page of a list; the store's own limit when not given. */
  readonly pageSize?: number | undefined
}

/** For the objects that are written. */
export interface WriteSettings {
  readonly storageClass?: string | undefined
  readonly acl?: string | undefined
  readonly encryption?: 'AES256' | 'aws:kms' | undefined
  readonly encryptionKey?: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

export const plainSettings: StoreSettings = {
  pathStyle: 'auto',
  signature: 'auto',
  metadataCredentials: false,
  anonymous: false,
  requesterPays: false,
  insecure: false,
  connectTimeout: 10_000,
  readTimeout: 120_000,
}
