"""twinhead: is a 2-unit softmax head the same thing as a 1-unit sigmoid head?"""
