"""``python -m loyaltychain``: the same as the console command."""

from loyaltychain.cli.main import main

main()
