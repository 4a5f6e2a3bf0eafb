# This file is maintained automatically by "tofu init".
# Manual edits may be lost in future updates.

provider "registry.opentofu.org/azure/azapi" {
  version     = "1.15.0"
  constraints = "1.15.0, ~> 1.15"
  hashes = [
    "h1:mLyJbcFqJTpNZd1GlkrvK0qk+kljYJ03LS93r6LIvmY=",
  ]
}
