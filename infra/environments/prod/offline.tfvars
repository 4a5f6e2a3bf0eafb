# What a plan without a cloud takes for what only Azure and the organisation know. Nothing is applied with it.
subscription      = "00000000-0000-0000-0000-000000000000"
tenant            = "00000000-0000-0000-0000-000000000000"
issuer            = "https://issuer.example.com/"
authorised_ranges = ["192.0.2.0/24"]
