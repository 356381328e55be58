"""RAM 2015-05-01: users, groups, roles, policies, AccessKey pairs.  Importing a file declares its actions."""
