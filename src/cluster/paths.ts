/** `/index/rest` with the index name percent-encoded; commas and stars in patterns stay as they are. */
export const indexPath = (index: string, rest = ''): string =>
  `/${encodeURIComponent(index).replaceAll('%2C', ',').replaceAll('%2c', ',')}${rest && `/${rest}`}`
