# What test_terraform.py applies with the official provider; `later` is the same account, changed.

terraform {
  required_providers {
    alicloud = { source = "aliyun/alicloud" }
  }
}

variable "address" { type = string }
variable "metadata" { type = string }
variable "later" {
  type    = bool
  default = false
}

provider "alicloud" {
  region                 = "cn-hangzhou"
  protocol               = "HTTP"
  skip_region_validation = true
  endpoints {
    ram = var.address
    ims = var.address
    sts = var.address
  }
}

resource "alicloud_ram_user" "ann" {
  name         = "tf-real-ann"
  display_name = var.later ? "Ann B" : "Ann A"
  email        = var.later ? "" : "ann@example.com"
  mobile       = "86-18688888888"
  comments     = var.later ? "" : "from Terraform"
  force        = true
}

resource "alicloud_ram_login_profile" "ann" {
  user_name               = alicloud_ram_user.ann.name
  password                = "Keystead-4-terraform!"
  password_reset_required = var.later
  mfa_bind_required       = false
}

resource "alicloud_ram_access_key" "ann" {
  user_name = alicloud_ram_user.ann.name
  status    = var.later ? "Inactive" : "Active"
}

resource "alicloud_ram_group" "readers" {
  group_name = "tf-real-readers"
  comments   = var.later ? "who reads" : "readers"
  force      = true
}

resource "alicloud_ram_group_membership" "readers" {
  group_name = alicloud_ram_group.readers.group_name
  user_names = [alicloud_ram_user.ann.name]
}

resource "alicloud_ram_role" "auditor" {
  role_name   = "tf-real-auditor"
  description = var.later ? "audits more" : "audits"
  assume_role_policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = [var.later ? "ecs.aliyuncs.com" : "fc.aliyuncs.com"] }
    }]
  })
  max_session_duration = var.later ? 7200 : 3600
  tags                 = { team = var.later ? "b" : "a" }
  force                = true
}

resource "alicloud_ram_policy" "reads" {
  policy_name = "tf-real-reads"
  description = "reads"
  policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Action   = [var.later ? "oss:Get*" : "oss:GetObject"]
      Effect   = "Allow"
      Resource = ["*"]
    }]
  })
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  force           = true
}

resource "alicloud_ram_user_policy_attachment" "ann" {
  policy_name = alicloud_ram_policy.reads.policy_name
  policy_type = "Custom"
  user_name   = alicloud_ram_user.ann.name
}

resource "alicloud_ram_group_policy_attachment" "readers" {
  policy_name = "AliyunRAMReadOnlyAccess"
  policy_type = "System"
  group_name  = alicloud_ram_group.readers.group_name
}

resource "alicloud_ram_role_policy_attachment" "auditor" {
  policy_name = alicloud_ram_policy.reads.policy_name
  policy_type = "Custom"
  role_name   = alicloud_ram_role.auditor.role_name
}

resource "alicloud_ram_account_alias" "here" {
  account_alias = var.later ? "tf-real-locks" : "tf-real-keys"
}

resource "alicloud_ram_account_password_policy" "here" {
  minimum_password_length      = var.later ? 14 : 12
  require_lowercase_characters = true
  require_uppercase_characters = true
  require_numbers              = true
  require_symbols              = true
  hard_expiry                  = false
  max_password_age             = var.later ? 365 : 90
  password_reuse_prevention    = 5
  max_login_attempts           = 8
}

resource "alicloud_ram_security_preference" "here" {
  enable_save_mfa_ticket        = var.later
  allow_user_to_change_password = true
  login_session_duration        = var.later ? 6 : 8
}

resource "alicloud_ram_saml_provider" "corp" {
  saml_provider_name            = "tf-real-corp"
  encodedsaml_metadata_document = var.metadata
  description                   = var.later ? "others" : "people"
}
