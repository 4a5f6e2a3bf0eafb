terraform {
  required_version = ">= 1.5.7"
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "1.15.0"
    }
  }
  # By the identity of who plans or applies: there is no key.
  backend "azurerm" {
    resource_group_name  = "esteira-state"
    storage_account_name = "esteirastate"
    container_name       = "prod"
    key                  = "terraform.tfstate"
    use_azuread_auth     = true
    use_oidc             = true
  }
}

provider "azapi" {
  subscription_id = var.subscription
  tenant_id       = var.tenant
  use_oidc        = true
}
