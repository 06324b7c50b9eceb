# Generated from src/protocol by `npm run generate`; do not edit by hand.
