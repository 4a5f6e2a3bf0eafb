module "environment" {
  source            = "../../modules/environment"
  name              = "prod"
  subscription      = var.subscription
  tenant            = var.tenant
  issuer            = var.issuer
  authorised_ranges = var.authorised_ranges
  readers           = { secrets = "iris-prod", monitoring = "monitoring" }
  budget            = 300
}
