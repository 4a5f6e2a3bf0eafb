module "environment" {
  source            = "../../modules/environment"
  name              = "staging"
  subscription      = var.subscription
  tenant            = var.tenant
  issuer            = var.issuer
  authorised_ranges = var.authorised_ranges
  readers           = { secrets = "iris-staging" }
  budget            = 100
}
