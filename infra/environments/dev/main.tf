module "environment" {
  source            = "../../modules/environment"
  name              = "dev"
  subscription      = var.subscription
  tenant            = var.tenant
  issuer            = var.issuer
  authorised_ranges = var.authorised_ranges
  readers           = { secrets = "iris-dev" }
  budget            = 50
}
