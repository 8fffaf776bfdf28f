from node_gateway.cli import main

main()
