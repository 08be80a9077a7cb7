/** Opens a Postgres login role's connection string: `adminUrl` with that role and password instead. */
export const roleUrl = (adminUrl: string, role: string, password: string): string => {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
};
