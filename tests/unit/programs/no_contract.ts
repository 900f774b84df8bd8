throw new Error("The program failed\nin two lines");
