import type { Columns, Groups, Mapping } from './mapping.ts'

export interface Preset extends Partial<Omit<Mapping, 'columns' | 'groups'>> {
  readonly table: string
  readonly columns: Columns
  readonly groups?: Pick<Groups, 'members' | 'names'>
}

/** Tables as the origin's own migrations make them. A preset is data; every value can be overridden. */
export const presets = {
  /** django.contrib.auth: ModelBackend compares the username byte for byte. */
  django: {
    table: 'auth_user',
    columns: {
      id: 'id',
      username: 'username',
      email: 'email',
      fullName: ['first_name', 'last_name'],
      password: 'password',
      active: 'is_active',
    },
    login: ['username'],
    groups: {
      members: { table: 'auth_user_groups', user: 'user_id', group: 'group_id' },
      names: { table: 'auth_group', id: 'id', name: 'name' },
    },
    rehashTo: 'argon2',
  },
  /** Laravel's users migration. */
  laravel: {
    table: 'users',
    columns: {
      id: 'id',
      username: 'email',
      email: 'email',
      fullName: 'name',
      password: 'password',
    },
    login: ['email'],
    ignoreEmailCase: true,
  },
  /** WordPress, table prefix `wp_`: both names work there, in any case. */
  wordpress: {
    table: 'wp_users',
    columns: {
      id: 'ID',
      username: 'user_login',
      email: 'user_email',
      fullName: 'display_name',
      password: 'user_pass',
    },
    login: ['username', 'email'],
    ignoreCase: true,
    ignoreEmailCase: true,
  },
  /** Drupal 7. Row 0 stands for the anonymous visitor. */
  drupal7: {
    table: 'users',
    columns: {
      id: 'uid',
      username: 'name',
      email: 'mail',
      password: 'pass',
      active: 'status',
    },
    login: ['username'],
    ignoreCase: true,
    groups: {
      members: { table: 'users_roles', user: 'uid', group: 'rid' },
      names: { table: 'role', id: 'rid', name: 'name' },
    },
  },
  /** Devise on Rails; e-mail addresses are stored in lower case (config.case_insensitive_keys). */
  devise: {
    table: 'users',
    columns: { id: 'id', username: 'email', email: 'email', password: 'encrypted_password' },
    login: ['email'],
    ignoreEmailCase: true,
  },
  /** ASP.NET Core Identity with Entity Framework; the normalized columns are upper case. */
  'aspnet-identity': {
    table: 'AspNetUsers',
    columns: {
      id: 'Id',
      username: 'UserName',
      usernameFolded: 'NormalizedUserName',
      email: 'Email',
      emailFolded: 'NormalizedEmail',
      password: 'PasswordHash',
      disabledUntil: 'LockoutEnd',
    },
    login: ['username'],
    ignoreCase: true,
    ignoreEmailCase: true,
    groups: {
      members: { table: 'AspNetUserRoles', user: 'UserId', group: 'RoleId' },
      names: { table: 'AspNetRoles', id: 'Id', name: 'Name' },
    },
  },
  /** The fields of the FastAPI tutorial's `UserInDB`, as columns. */
  tutorial: {
    table: 'users',
    columns: {
      id: 'username',
      username: 'username',
      email: 'email',
      fullName: 'full_name',
      password: 'hashed_password',
      disabled: 'disabled',
    },
    login: ['username'],
    rehashTo: 'argon2',
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets
export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]]
