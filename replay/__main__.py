import sys

from replay.run import main

sys.exit(main(sys.argv[1:]))
