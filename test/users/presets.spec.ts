import { expect } from 'chai'
import type { Directory } from '../../src/users/directory.ts'
import type { PresetName } from '../../src/users/sql/presets.ts'
import { openSqlDirectory, type SqlOptions } from '../../src/users/sql.ts'
import { databaseIn, type Flavour, type TestDatabase } from './people-table.ts'

interface Origin {
  readonly preset: PresetName
  readonly flavour: Flavour
  /** The tables as the origin's own migrations make them, and two users. */
  readonly statements: readonly string[]
  readonly more?: Partial<SqlOptions>
  /** Ways to write the name of the first user that must find it, and ways that must not. */
  readonly finds: readonly string[]
  readonly misses: readonly string[]
  readonly user: Readonly<Record<string, unknown>>
  /** The name of a user who may not log in, where the origin knows such. */
  readonly disabled?: string
}

const origins: readonly Origin[] = [
  {
    preset: 'laravel',
    flavour: 'mariadb',
    statements: [
      `create table users (
        id bigint unsigned not null auto_increment primary key, name varchar(255) not null,
        email varchar(255) not null unique, email_verified_at timestamp null,
        password varchar(255) not null, remember_token varchar(100) null,
        created_at timestamp null, updated_at timestamp null, deleted_at timestamp null
      ) default character set utf8mb4 collate utf8mb4_unicode_ci`,
      "insert into users (name, email, password) values ('Ada Lovelace', 'ada@example.com', '$2y$12$hash')",
      "insert into users (name, email, password, deleted_at) values ('Gone', 'gone@example.com', '$2y$12$hash', now())",
    ],
    more: { where: { deleted_at: null } },
    finds: ['ada@example.com', 'Ada@Example.COM'],
    misses: ['Ada Lovelace', 'àda@example.com', 'gone@example.com', 'ada@example.com '],
    user: {
      id: '1',
      username: 'ada@example.com',
      email: 'ada@example.com',
      fullName: 'Ada Lovelace',
      disabled: false,
      hash: '$2y$12$hash',
    },
  },
  {
    preset: 'wordpress',
    flavour: 'mariadb',
    statements: [
      `create table wp_users (
        ID bigint(20) unsigned not null auto_increment, user_login varchar(60) not null default '',
        user_pass varchar(255) not null default '', user_nicename varchar(50) not null default '',
        user_email varchar(100) not null default '', user_url varchar(100) not null default '',
        user_registered datetime not null default '0000-00-00 00:00:00',
        user_activation_key varchar(255) not null default '', user_status int(11) not null default '0',
        display_name varchar(250) not null default '', primary key (ID),
        key user_login_key (user_login), key user_nicename (user_nicename), key user_email (user_email)
      ) default character set utf8mb4 collate utf8mb4_unicode_520_ci`,
      "insert into wp_users (user_login, user_pass, user_email, display_name) values ('ada', '$wp$2y$10$hash', 'ada@example.com', 'Ada Lovelace')",
    ],
    finds: ['ada', 'ADA', 'ada@example.com', 'ADA@example.com'],
    misses: ['adá', 'Ada Lovelace', 'ada '],
    user: { id: '1', username: 'ada', fullName: 'Ada Lovelace', hash: '$wp$2y$10$hash' },
  },
  {
    preset: 'drupal7',
    flavour: 'mariadb',
    statements: [
      `create table users (
        uid int(10) unsigned not null default '0' primary key, name varchar(60) not null default '',
        pass varchar(128) not null default '', mail varchar(254) default '', theme varchar(255) not null default '',
        created int(11) not null default '0', access int(11) not null default '0', login int(11) not null default '0',
        status tinyint(4) not null default '0', timezone varchar(32) default null, data longblob, unique key name (name)
      ) default character set utf8 collate utf8_general_ci`,
      'create table users_roles (uid int(10) unsigned not null, rid int(10) unsigned not null, primary key (uid, rid))',
      'create table role (rid int(10) unsigned not null auto_increment primary key, name varchar(64) not null)',
      "insert into users (uid, name) values (0, '')",
      "insert into users (uid, name, pass, mail, status) values (1, 'Ada', '$S$Dhash', 'ada@example.com', 1), (2, 'blocked', '$S$Dhash', '', 0)",
      "insert into role values (3, 'administrator')",
      'insert into users_roles values (1, 3)',
    ],
    more: { groups: { scopes: { administrator: ['admin'] }, claim: 'roles' } },
    finds: ['Ada', 'ada'],
    misses: ['ada@example.com', '', 'àda'],
    user: {
      id: '1',
      username: 'Ada',
      hash: '$S$Dhash',
      scopes: ['admin'],
      claims: { roles: ['administrator'] },
    },
    disabled: 'blocked',
  },
  {
    preset: 'devise',
    flavour: 'postgres',
    statements: [
      `create table users (
        id bigserial primary key, email varchar default '' not null, encrypted_password varchar default '' not null,
        reset_password_token varchar, reset_password_sent_at timestamp(6), remember_created_at timestamp(6),
        failed_attempts integer default 0 not null, locked_at timestamp(6),
        created_at timestamp(6) not null, updated_at timestamp(6) not null)`,
      'create unique index index_users_on_email on users (email)',
      "insert into users (email, encrypted_password, created_at, updated_at) values ('ada@example.com', '$2a$12$hash', now(), now())",
      "insert into users (email, encrypted_password, locked_at, created_at, updated_at) values ('locked@example.com', '$2a$12$hash', now(), now(), now())",
    ],
    more: { columns: { disabled: 'locked_at' } },
    finds: ['ada@example.com', 'Ada@Example.com'],
    misses: ['ada'],
    user: { id: '1', username: 'ada@example.com', hash: '$2a$12$hash', disabled: false },
    disabled: 'locked@example.com',
  },
  {
    preset: 'aspnet-identity',
    flavour: 'postgres',
    statements: [
      `create table "AspNetUsers" (
        "Id" text primary key, "UserName" varchar(256), "NormalizedUserName" varchar(256), "Email" varchar(256),
        "NormalizedEmail" varchar(256), "EmailConfirmed" boolean not null, "PasswordHash" text, "SecurityStamp" text,
        "ConcurrencyStamp" text, "PhoneNumber" text, "PhoneNumberConfirmed" boolean not null, "TwoFactorEnabled" boolean not null,
        "LockoutEnd" timestamp with time zone, "LockoutEnabled" boolean not null, "AccessFailedCount" integer not null)`,
      'create unique index "UserNameIndex" on "AspNetUsers" ("NormalizedUserName")',
      'create table "AspNetRoles" ("Id" text primary key, "Name" varchar(256), "NormalizedName" varchar(256), "ConcurrencyStamp" text)',
      'create table "AspNetUserRoles" ("UserId" text not null, "RoleId" text not null, primary key ("UserId", "RoleId"))',
      `insert into "AspNetUsers" values
        ('6f9619ff-8b86-d011-b42d-00c04fc964ff', 'Ada', 'ADA', 'Ada@example.com', 'ADA@EXAMPLE.COM', true, 'AQAAAAEhash', '', '', null, false, false, '2001-01-01 00:00:00+02', true, 0),
        ('7f9619ff-8b86-d011-b42d-00c04fc964ff', 'locked', 'LOCKED', null, null, true, 'AQAAAAEhash', '', '', null, false, false, 'infinity', true, 0)`,
      `insert into "AspNetRoles" values ('r1', 'Editor', 'EDITOR', '')`,
      `insert into "AspNetUserRoles" values ('6f9619ff-8b86-d011-b42d-00c04fc964ff', 'r1')`,
    ],
    more: { groups: { scopes: { Editor: ['pages:write'] } }, login: ['username', 'email'] },
    finds: ['Ada', 'ada', 'ADA', 'ada@EXAMPLE.com'],
    misses: ['àda', 'Editor'],
    user: {
      id: '6f9619ff-8b86-d011-b42d-00c04fc964ff',
      username: 'Ada',
      hash: 'AQAAAAEhash',
      scopes: ['pages:write'],
      disabled: false,
    },
    disabled: 'locked',
  },
  {
    preset: 'tutorial',
    flavour: 'sqlite',
    statements: [
      'create table users (username varchar primary key, full_name varchar, email varchar, hashed_password varchar not null, disabled boolean)',
      "insert into users values ('johndoe', 'John Doe', 'johndoe@example.com', '$argon2id$hash', 0)",
      "insert into users values ('alice', 'Alice Wonderson', 'alice@example.com', '$argon2id$hash', 1)",
    ],
    finds: ['johndoe'],
    misses: ['JohnDoe', 'johndoe@example.com'],
    user: {
      id: 'johndoe',
      username: 'johndoe',
      fullName: 'John Doe',
      email: 'johndoe@example.com',
      hash: '$argon2id$hash',
      disabled: false,
    },
    disabled: 'alice',
  },
]

for (const { preset, flavour, statements, more, ...expected } of origins) {
  describe(`the preset ${preset}, on tables as the origin makes them in ${flavour}`, () => {
    let table: TestDatabase
    let directory: Directory
    before(async () => {
      table = await databaseIn(flavour)
      await table.run(...statements)
      directory = openSqlDirectory({
        name: preset,
        url: table.url,
        preset,
        connections: 2,
        timeout: 2000,
        rehash: false,
        ...more,
      })
    })
    after(async () => {
      await directory.close()
      await table.remove()
    })

    it('finds a user under the names the origin takes, and under no other', async () => {
      await directory.check()
      for (const name of expected.finds) {
        expect(await directory.findByLogin(name), name).to.deep.include(expected.user)
      }
      for (const name of expected.misses) {
        expect(await directory.findByLogin(name), name).to.equal(undefined)
      }
    })

    it('finds the user by id', async () => {
      const user = await directory.findById(String(expected.user.id))
      expect(user).to.deep.include(expected.user)
    })

    const { disabled } = expected
    if (disabled !== undefined)
      it('knows who may not log in', async () => {
        expect(await directory.findByLogin(disabled)).to.include({ disabled: true })
      })
  })
}
